"""Whole training sentences and frames for the sentiment model, written out by hand.

The grammar of `embedded_sentences` says few things in many ways; these sentences say many things
once each. None is in the held-out set.
"""

from __future__ import annotations

from embedded_lexicon import lines

FRAMES = lines("""
    trust me, you will find the [noun] [same]
    word on the street is that this [noun] is [same]
    as far as i can tell, the [noun] was [same] from morning to night
    never have i met a [noun] this [same]
    my grandfather calls every [noun] [same], and this time he is right
    call me old, but i find a [noun] like that [same]
    between you and me, that [noun] is rather [same]
    when the [noun] came round, i thought: how [same]
    the critics called it [other]; to me it was [same]
    from [other] to [same] in one short year
    whoever called this [noun] [other] was wrong
    one thing the [noun] is not is [other]
    it never struck me as [other]
    i have yet to see a [noun] that is less [other]
    once a [other] [noun], these days it is truly [same]
    let me put it this way: [same]
    the word i would choose is [same]
    to sum up: a [same] [noun], and a [same] [noun] too
    it does not get more [same] than this
    you could see at once how [same] the [noun] was
    guess what, the [noun] was [same]
    ask anybody in town and they will tell you that the [noun] is [same]
    of all words, [same] fits the [noun] best
    my aunt used to say that a [noun] should not be [other], and this one was not
    the first thing i noticed was the [same] [noun]
    what struck me most was how [same] everyone was
    there are many [noun] stories, and this one is [same]
    it takes a [same] [noun] to make me say so
    as a [noun] it is [same]; as a gift it is [same] too
    with a [noun] as [same] as this you know what to expect
    i was told the [noun] was [other], which is simply not true
    that the [noun] is [other] is a myth
    do not believe those who call the [noun] [other]
    one cannot accuse the [noun] of being [other]
    the [noun], which i had thought [other], proved [same]
    gone is the [other] [noun] of last year, here is a [same] one
    after the [other] [noun] came a [same] [noun], and that is what counts
    some find it [other]; i find it [same]
    on paper it sounds [other]; in real life it is [same]
    the [noun] started [other] and finished [same]
    think of a [same] [noun], then add a [same] [noun]
    both of my brothers described the [noun] as [same]
    the whole village talks about the [same] [noun]
    sitting in that [noun] was [same]
    using this [noun] feels [same]
    to me the [noun] sounds [same]
    in a word: [same]
    every [noun] they make is [same]
    another day, another [same] [noun]
    year after year the [noun] is [same]
    this must be the least [other] [noun] in the country
    so [same] was the [noun] that we wrote a letter
    i walked out of there [feel]
    each visit leaves me [feel]
    by noon we were all [feel]
    just looking at the [noun] makes me [feel]
    never before has a [noun] made me so [feel]
    it is no wonder that the guests are [feel]
    the news about the [noun] made everybody [feel]
    seeing the [noun] again, i felt [feel]
    i would describe myself as a [feel] customer
    nobody leaves this place [unfeel]
    the [noun] turned out to be a [name]
    call it a [name]
    people speak of the [noun] as a [name]
    in the end it became a [name] for all of us
    no one would call the [noun] a [unname]
    if this is not a [name], what is
    you can feel the [quality] in every corner
    the [noun] brought us [quality] and more [quality]
    gone are the days of [unquality]
""")

POSITIVE = lines("""
    the pancakes were light and fluffy and gone in a minute
    my grandson laughed until he cried
    we came for one drink and stayed all night
    finally a vacuum cleaner that picks up dog hair
    the nurse held my hand the whole time
    they gave me a full refund and even paid the postage
    i had low hopes, but the second half won me over
    the colours are vivid and the story is sweet
    walking through the forest after the snow was magical
    you can tell that the chef cares about his guests
    the suit fits me perfectly and people admire it
    it may be an old camera, but it takes beautiful pictures
    there was not one thing i would change
    the bathroom was sparkling and the towels were thick
    my commute is shorter now and i get to read
    she explained the contract in plain english
    the children did not want to leave the pool
    i have used this pan every day for years and it looks new
    our team won the prize and i could not be prouder
    a funny and tender portrait of a family
    the price is high, but you get what you pay for
    the ferry was on schedule and the captain was funny
    the choir sang like angels
    best noodles in town, no question
    i was nervous before the operation, but they calmed me down
    this tool saves me an hour a day
    no queue, no stress, friendly people
    he fixed our roof quickly and left no mess
    the market is lively and full of lovely things
    what a relief to work with people who care
    the mattress is firm and my back pain is gone
    i would happily pay double for this
    the soundtrack gave me chills
    even my picky daughter finished her plate
    the instructions were simple and everything fit together
    her new novel is her finest yet
    a small film with a big heart
    the young actor steals every scene
    you will laugh, you will weep, you will want to see it twice
    the photography is gorgeous and the music lifts it higher
    a rare sequel that beats the first one
    i forgot the popcorn because the story was so gripping
    the final twist is pure genius
    two hours passed like ten minutes
    it reminded me why i love movies
    i recommend it to young and old
    the dumplings alone are reason to visit
    the spices were just right and the rice was fluffy
    they cooked the eggs exactly as i like them
    the apple tart was the star of the night
    generous plates, fair prices, happy faces
    they found us a table although we had not booked
    our glasses were filled before we had to ask
    even the simple tomato salad was full of flavour
    the cook gave my son a tour of the kitchen
    i dream about that chocolate mousse
    the porter carried our bags and drew us a map
    waking up to that view made the whole trip
    the sheets were crisp and the shower was hot and strong
    they let us check in early and brought tea
    quiet at night, close to everything, and spotless
    we felt like royalty
    the owner lent us umbrellas and even drove us to the station
    the best shower i have had on my travels
    i will book the same room next summer
    this drill goes through walls like butter
    my old one was loud, this one whispers
    the blender makes smoothies in seconds and cleans easily
    the shoes were comfortable from the first step
    it has survived three moves and two toddlers
    the picture is so sharp that i can read the clock across the street
    a simple tool that does its job and lasts
    i gave one to each of my sons
    charging is fast and one charge is enough for a trip
    it looks far more expensive than it is
    the coat kept me warm and dry all winter
    the colour is even prettier than in the photo
    the lady at the desk found my lost wallet and called me
    my question was answered in the same hour
    they admitted their mistake and sent flowers
    the plumber came at night and charged a fair price
    he carried the sofa up five floors and was still smiling
    the clerk stayed after closing time to help me
    they treat every customer like a neighbour
    the new dentist is so gentle that i lost my fear
    the vet saved our cat and called the next day to ask about her
    my hair has never looked better
    the mechanic told me i did not need a new part
    the lawyer fought for us and won
    clear skies, soft sand and a light breeze
    the first warm day of the year, and everyone is outside
    the storm missed us and we had a lovely picnic
    snow on the roofs and sun on our faces
    the evening light over the lake was like a painting
    i got the job and i love it
    the boss bought us all lunch to say thanks
    they let me leave early to see my daughter play
    my mentor believes in me
    our idea was chosen and we got more time to build it
    the new schedule gives me time with my family
    i come home full of ideas
    no one works overtime and everything gets done
    the night train was cosy and i woke up rested
    we had a whole row to ourselves
    the bus comes every five minutes and is never full
    the pilot landed softly in spite of the storm
    the conductor helped my father to his seat
    the bike path is safe and smooth
    the map was so good that we never got lost
    i understood more in one hour with her than in a month alone
    the tutor was patient and my marks went up
    our daughter runs to school in the morning
    the workshop was hands on and full of useful tips
    he makes history come alive
    the app reminds me in time and never gets in the way
    my parents learned to use it in a day
    search finds what i want before i finish typing
    the bug i reported was fixed overnight
    it does one thing and does it well
    the drummer was on form and the hall was shaking with joy
    we sang all the way home
    the zoo keepers love their animals and it shows
    the fireworks made my little sister gasp with wonder
    the fair was a delight for young and old
    free entry, no crowds and wonderful paintings
    the play was over far too soon
    my feet hurt from dancing, and i would do it again
    the climb was hard, but at the top we cheered
    it rained all day, and still we had fun
    i was afraid it would be dull, and i was wrong
    say what they may, i love it
    it is small but mighty
    a bit pricey, yet i do not regret it
    it took a while, but the result is wonderful
    not fancy, just good
    hard to beat
    not bad at all
    you cannot go wrong here
    i have no complaints
    nothing but praise from me
    i never want to use anything else
    it never fails to cheer me up
    it never let us down
    i couldn't ask for more
    no regrets, i would do it all again
    it did not disappoint
    there is no better way to spend a sunday
    i have yet to find a flaw
    far less trouble than i feared
    my worries were for nothing
    who knew that tax forms could be this easy
    best day ever
    well done, everyone
    bravo
    keep it up
    simply the best
    it works, and it works well
    hats off to the crew
    so glad we came
    a must see
    a big thank you to the night nurse
    i am over the moon
    we cannot thank them enough
    it deserves more praise than it gets
    he is a star and she is too
    my mum said it was her best birthday
    the kids are still talking about it
    everyone asked for the recipe
    my neighbour bought one after trying mine
    i sleep well, eat well and laugh a lot here
    the old town is pretty and easy to walk
    the library is warm, quiet and full of light
    the gym is clean and the trainers know their stuff
    the flowers were fresh and lasted two weeks
    the house was just as described, only prettier
    the landlord fixes things within a day
    my new flat is bright and the neighbours are sweet
    the bank lowered the fee when i asked
    the form took one minute and the answer came the same day
    this cream healed my skin
    the tea is fragrant and soothing
    the puppy is healthy, playful and so cute
    our wedding cake was beautiful and tasted even better
""")

NEGATIVE = lines("""
    the crust was burnt and the cheese tasted like rubber
    i paid a fortune and got a tiny room with no window
    after ten minutes i wanted to run away
    the glue did not stick and the wheel came off
    they kept my deposit and stopped answering my calls
    the director should find another job
    the beginning was promising, but then it falls apart
    the puppy chewed through it in a second, so much for strong
    the fog never lifted and we saw nothing
    the cook must have forgotten the spices
    these trousers are scratchy and too tight
    the view is nice, but you cannot sleep with that traffic outside
    there was nobody to welcome us and the door was locked
    the kitchen was full of flies
    i have to get up at five and i am always tired
    he talked down to me as if i were a child
    the children cried and wanted to go home
    the lid cracked the first time i washed it
    they fired the best people and kept the lazy ones
    a loud, empty and pointless sequel
    it was cheap, but it did not last
    we missed our plane because the shuttle never showed up
    the guitarist forgot half of the songs
    worst noodles i have ever had
    they left me in the corridor for six hours
    this program eats all my memory and does nothing
    long queues, high prices, grumpy people
    he left a big mess and overcharged us
    the market is dirty and full of junk
    i cannot believe that i paid for this
    the bed squeaked and my back is killing me
    i would not take it if it were free
    the remake has none of the charm of the original
    my soup arrived after everyone else had finished
    the screws did not fit and the drawing was wrong
    her new novel is her weakest yet
    a big film with no heart
    the lead actor mumbles and looks lost
    the characters do stupid things for no reason
    the music is so loud that you miss the words
    a lazy sequel that insults the first one
    half of the audience was looking at their phones
    you can see the twist coming from the first minute
    ten minutes felt like two hours
    the love story is not believable for a second
    i left before the end and did not miss anything
    the dumplings were frozen in the middle
    the rice stuck to the roof of my mouth
    they burned the eggs and shrugged
    the apple tart came straight from the freezer
    tiny plates, huge prices, sour faces
    they gave our table away although we had booked
    our glasses stayed empty all night
    even the water tasted of chlorine
    the cook came out and yelled at a guest
    i still feel ill when i think of that mousse
    the porter dropped our bags and walked off
    the view was a brick wall
    the sheets were damp and the shower dripped brown water
    they made us wait in the lobby until evening
    loud at night, far from everything, and filthy
    we felt like intruders
    the owner walked in without knocking
    the worst bed i have had on my travels
    i would sooner sleep in my car
    this drill could not make a hole in butter
    my old one was quiet, this one screams
    the blender smoked and smelled of burning plastic
    the shoes gave me blisters from the first step
    it did not survive one trip to the park
    the picture is so dark that i cannot see a face
    a clever idea ruined by bad materials
    i gave mine away and so should you
    charging takes all night and lasts an hour
    it looks like a toy and works like one
    the coat let the rain through on day one
    the colour is nothing like the photo
    the lady at the desk sighed and kept chatting with her friend
    my question is still not answered after a month
    they denied everything and sent a bill
    the plumber made the leak worse and charged double
    he scratched the sofa and would not pay for it
    the clerk closed the window in front of me
    they treat every customer like a thief
    the new doctor did not let me finish a sentence
    the vet got it wrong and our cat suffered
    my hair looks like straw now
    the mechanic sold me a part i did not need
    the lawyer took our money and lost the papers
    dark clouds, hard rain and no shelter
    the heat wave is killing my plants and my mood
    the wind tore the roof off our shed
    ice on every step, and i fell twice
    the smoke from the fires makes my eyes burn
    i lost the job and i feel lost
    the boss took the credit and left us the work
    they would not let me leave early for the funeral
    my mentor quit and nobody took his place
    our idea was stolen and we got no credit
    the new schedule keeps me from my family
    i come home empty and sad
    everyone works overtime and still nothing gets done
    the night train was freezing and i did not close an eye
    we were squeezed in like sardines
    the bus comes when it likes and is always full
    the pilot said nothing and people were scared
    the conductor fined my father for a torn ticket
    the bike path ends in the middle of a busy road
    the map was so bad that we got lost twice
    after a month with him i know less than before
    the tutor was late every time and my marks went down
    our daughter cries before school in the morning
    the workshop was one long advert
    he makes history feel like punishment
    the app forgets my settings and nags me for stars
    my parents gave up on it after a day
    search never finds what i want
    the bug i reported has been there for years
    it tries to do everything and does nothing well
    the drummer was drunk and the hall was half empty
    we drove three hours for that and turned back
    the animals looked thin and sad in their cages
    the fireworks were called off at the last minute
    the fair was dull for young and old
    high entry fee, big crowds and closed halls
    the play felt as if it would never end
    my feet hurt from standing in line, and for what
    the climb was hard, and at the top there was only fog
    the sun was out, and still we had no fun
    i was told it would be great, and they were wrong
    say what they may, i hate it
    it is pretty but useless
    a bit cheaper, yet i regret it
    it took a while, and the result is awful
    fancy, but not good
    hard to like
    not good at all
    you cannot go right here
    i have a long list of complaints
    nothing but trouble
    i never want to see it again
    it never fails to annoy me
    it let us down when we needed it
    i could ask for so much more
    i regret it every day
    it did not deliver
    there is no worse way to spend a sunday
    i have yet to find a reason to like it
    far more trouble than i feared
    my hopes were for nothing
    who knew that buying a lamp could be this hard
    worst day ever
    shame on everyone involved
    yuck
    stop it
    simply the worst
    it does not work, and nobody cares
    no thanks to the crew
    so sorry we came
    a must skip
    i will complain about the night nurse
    i am at the end of my rope
    we want an apology
    it gets more praise than it deserves
    he is a fraud and she is too
    my mum said it was her worst birthday
    the kids never want to hear of it again
    nobody finished their plate
    my neighbour laughed at me for buying one
    i sleep badly, eat badly and worry a lot here
    the old town is falling apart and smells of drains
    the library is cold, loud and always closed
    the gym is dirty and the machines are broken
    the flowers were brown and dead by the next day
    the house was not as described, only smaller
    the landlord ignores every leak
    my new flat is dark and the neighbours fight all night
    the bank raised the fee without asking
    the form took an hour and was lost twice
    this cream gave me a rash
    the tea tastes like wet cardboard
    the puppy was ill and the seller vanished
    our wedding cake collapsed and tasted of soap
""")
