"""Words and clauses of the sentiment model's training text, all written for this project.

Comma-separated lists hold words, line-separated ones hold whole clauses. Clauses are grouped by
what is being judged, so that a sentence can stay on one subject.
"""

from __future__ import annotations


def words(text: str) -> list[str]:
    """The comma-separated entries of `text`."""
    return [" ".join(entry.split()) for entry in text.split(",") if entry.strip()]


def lines(text: str) -> list[str]:
    """The lines of `text`, blank ones left out."""
    return [line.strip() for line in text.splitlines() if line.strip()]


ADJECTIVES = {
    "positive": words("""
        good, great, excellent, wonderful, fantastic, superb, lovely, brilliant, amazing, awesome,
        delightful, charming, beautiful, gorgeous, splendid, marvellous, outstanding, terrific,
        fabulous, perfect, impressive, enjoyable, pleasant, nice, fine, magnificent, memorable,
        remarkable, exceptional, stunning, breathtaking, glorious, heavenly, superior, first-rate,
        top-notch, satisfying, refreshing, inspiring, uplifting, engaging, captivating, gripping,
        exciting, thrilling, fascinating, interesting, entertaining, funny, hilarious, witty,
        clever, smart, moving, touching, heartwarming, warm, cosy, comfortable, clean, spotless,
        tidy, fresh, delicious, tasty, juicy, crisp, generous, friendly, kind, polite, helpful,
        attentive, caring, patient, gentle, thoughtful, welcoming, cheerful, efficient, reliable,
        dependable, sturdy, durable, solid, handy, useful, practical, easy, simple, smooth, quick,
        fast, prompt, punctual, professional, honest, fair, affordable, valuable, worthwhile,
        elegant, stylish, bright, sunny, mild, calm, peaceful, quiet, relaxing, rewarding, safe,
        modern, skilful, talented, original, masterful, flawless, admirable, sublime, clear,
        fluffy, vivid, magical, sparkling, tender, lively, creamy, crunchy, silky, soft, roomy,
        spacious, airy, luxurious, lavish, neat, snug, sleek, shiny, robust, powerful, precise,
        accurate, responsive, intuitive, seamless, effortless, painless, hassle-free, timely,
        speedy, swift, courteous, gracious, respectful, considerate, supportive, encouraging,
        sincere, humble, competent, knowledgeable, capable, devoted, hard-working, hospitable,
        jolly, joyful, merry, playful, hopeful, wise, intelligent, insightful, profound, poetic,
        imaginative, inventive, creative, ingenious, innovative, unforgettable, extraordinary,
        spectacular, dazzling, radiant, picturesque, idyllic, scenic, tranquil, serene, soothing,
        comforting, healthy, nutritious, wholesome, mouth-watering, yummy, savoury, succulent,
        fragrant, ripe, homemade, divine, exquisite, refined, graceful, tasteful, classy,
        polished, pristine, immaculate, hygienic, secure, stable, consistent, worthy, priceless,
        fun, cute, sweet, adorable, lovable, likeable, agreeable, beneficial, productive,
        successful, victorious, ideal, unbeatable, unmatched, phenomenal, sensational, stellar,
        addictive, spellbinding, riveting, suspenseful, believable, convincing, authentic,
        genuine, balanced, rich, velvety, warm-hearted, good-natured, easygoing, approachable,
        understanding, well made, well run, well kept, well written, good value, in good hands"""),
    "negative": words("""
        bad, poor, terrible, awful, horrible, dreadful, dire, appalling, atrocious, abysmal,
        lousy, pathetic, disgusting, nasty, unpleasant, disappointing, mediocre, boring, dull,
        tedious, tiresome, bland, tasteless, flavourless, stale, soggy, greasy, burnt, raw, cold,
        dry, overcooked, overpriced, expensive, cheap-looking, flimsy, fragile, faulty, defective,
        broken, useless, worthless, pointless, senseless, confusing, messy, dirty, filthy, grimy,
        smelly, stinking, noisy, loud, cramped, crowded, shabby, run-down, uncomfortable, stuffy,
        slow, sluggish, late, unreliable, inaccurate, clumsy, awkward, ugly, hideous, drab, grey,
        gloomy, miserable, depressing, dismal, bleak, wet, freezing, rude, impolite, unfriendly,
        unhelpful, careless, lazy, arrogant, dishonest, unfair, incompetent, unprofessional,
        annoying, irritating, frustrating, infuriating, stressful, exhausting, tiring, painful,
        predictable, forgettable, shallow, silly, stupid, ridiculous, laughable, lifeless, wooden,
        weak, inferior, shoddy, inadequate, unacceptable, outrageous, ghastly, grim, rotten,
        rough, dangerous, unsafe, outdated, buggy, hopeless, unbearable, chaotic, difficult,
        sloppy, scratchy, grumpy, rubbery, chewy, mushy, slimy, lumpy, watery, oily, sour, bitter,
        rancid, mouldy, spoiled, undercooked, charred, heartless, cruel, mean, hostile,
        aggressive, abrupt, snobbish, condescending, patronising, dismissive, indifferent,
        inattentive, sullen, moody, bad-tempered, cranky, hateful, greedy, crooked, shady,
        deceitful, misleading, fraudulent, incorrect, wrong, inconsistent, unstable, wobbly,
        creaky, squeaky, leaky, rusty, dented, cracked, torn, ripped, faded, scratched, dusty,
        muddy, sticky, grubby, damp, musty, draughty, chilly, icy, sweltering, humid, foggy,
        stormy, rainy, gruesome, tacky, gaudy, cheesy, corny, derivative, unoriginal, uninspired,
        lacklustre, lame, pretentious, incoherent, muddled, convoluted, disjointed, long-winded,
        repetitive, monotonous, mind-numbing, insipid, soulless, empty, hollow, meaningless,
        unconvincing, implausible, unfunny, embarrassing, offensive, vulgar, insulting,
        humiliating, hurtful, harmful, toxic, poisonous, unhealthy, risky, hazardous, unlucky,
        unfortunate, tragic, sorry, regrettable, disastrous, catastrophic, horrendous, horrid,
        vile, foul, repulsive, revolting, gross, sickening, nauseating, intolerable, insufferable,
        inexcusable, unforgivable, subpar, second-rate, low-quality, unfinished, incomplete,
        unusable, unreadable, unresponsive, glitchy, overrated, overhyped, overcrowded,
        overworked, underpaid, understaffed, neglected, ruined, wasted, badly made, badly run,
        badly written, poor value, full of holes"""),
}

FEELINGS = {
    "positive": words("""
        happy, delighted, pleased, thrilled, satisfied, impressed, glad, grateful, thankful,
        excited, overjoyed, content, relaxed, amazed, charmed, inspired, proud, moved, fascinated,
        cheerful, refreshed, comfortable, enchanted, touched, in love, full of joy, smiling,
        lucky, safe, at home, at ease, hopeful, welcome, blessed, appreciated, well rested, on top
        of the world, full of energy, joyful, jolly, peaceful, confident, better, honoured,
        speechless with joy, spoiled in the best way"""),
    "negative": words("""
        sad, unhappy, angry, annoyed, upset, disappointed, frustrated, bored, disgusted, furious,
        irritated, tired, exhausted, miserable, dissatisfied, fed up, stressed, worried,
        depressed, embarrassed, ashamed, confused, let down, ignored, cheated, sick, in tears, in
        pain, unlucky, unsafe, lonely, uneasy, hopeless, unwelcome, cursed, offended, hurt,
        insulted, robbed, scared, afraid, anxious, nervous, drained, worn out, humiliated,
        helpless, worse, hungry, cold, dizzy, lost, trapped, heartbroken, desperate"""),
}

LIKED = {
    "positive": words("""
        loved, liked, enjoyed, adored, admired, appreciated, treasured, recommend, love, like,
        enjoy, adore, really liked, fell in love with, praised, applauded, cherish, was fond of,
        cannot praise enough, was impressed by, was delighted with, was pleased with, laughed at,
        was happy with, am glad i found, celebrated, welcomed, trust, was hooked by, rave about,
        am a fan of, was won over by, was charmed by, was touched by, look forward to, fully
        support, am thankful for, was cheered up by, smile at, am proud of, would pay double for,
        swear by, cannot fault, keep going back to, could listen forever to, was swept away by"""),
    "negative": words("""
        hated, disliked, detested, loathed, regret, regretted, hate, dislike, despise, dread,
        despised, could not stand, cannot stand, could not bear, was let down by, was bored by,
        was annoyed by, was disappointed by, was unhappy with, complained about, am tired of, am
        sick of, returned, gave up on, was disgusted by, walked out of, warn people about,
        suffered through, avoid, want my money back for, wasted money on, was fooled by, complain
        about, am ashamed of, was scared by, was offended by, am against, gave back, threw away,
        was hurt by, resent, lost faith in, cannot forgive, was robbed by, ran away from, lost
        patience with, cannot bear, paid too much for, was put off by, got ill from, am afraid of,
        was insulted by, argued about"""),
}

NAMED = {
    "positive": words("""
        joy, delight, triumph, treasure, gem, masterpiece, bargain, treat, success, pleasure,
        dream, wonder, blessing, relief, winner, work of art, feast, hit, lifesaver, miracle,
        breath of fresh air, happy surprise, favourite, beauty, must, good choice, real find,
        smile, compliment, prize, gift, reward, comfort, paradise, haven, oasis, hero, star,
        legend, celebration, improvement, victory, highlight, jewel, perfect match, warm welcome,
        great idea, wise choice, feast for the eyes, stroke of genius, refuge, inspiration"""),
    "negative": words("""
        disaster, mess, failure, letdown, nightmare, disgrace, joke, scam, rip-off, waste of time,
        waste of money, flop, shame, catastrophe, embarrassment, bore, pain, chore, insult, fraud,
        mistake, farce, bad idea, big problem, fiasco, shambles, torture, trap, burden, headache,
        dump, piece of junk, piece of rubbish, horror, ordeal, misery, racket, liar, thief, crook,
        bully, monster, blunder, defeat, loss, setback, punishment, hole, swindle, lie, eyesore,
        hazard, curse, bad dream, sad story, con, theft"""),
}

QUALITIES = {
    "positive": words("""
        charm, warmth, style, wit, humour, flavour, taste, quality, comfort, care, respect,
        talent, skill, heart, energy, imagination, beauty, class, value, kindness, patience,
        originality, joy, magic, praise, compliments, laughter, smiles, hope, love, grace,
        courage, wisdom, passion, harmony, peace, sunshine, space, light, tenderness, creativity,
        professionalism, charisma, depth, fun, sparkle, attention to detail"""),
    "negative": words("""
        problems, complaints, trouble, faults, flaws, mistakes, errors, delays, noise, dirt, fuss,
        stress, pain, worries, bugs, damage, issues, defects, regrets, stains, cracks, rust,
        waste, hassle, disappointment, surprises of the bad kind, junk, rubbish, garbage, chaos,
        misery, boredom, anger, rudeness, filth, stench, lies, excuses, arguments, confusion,
        insults, accidents, clichés, crashes, glitches, leaks, mould, bills, fees, queues, crowds,
        fear, danger, greed, neglect, regret, tears"""),
}

NOUNS = words("""
    film, movie, story, plot, script, acting, cast, ending, soundtrack, show, play, documentary,
    book, novel, chapter, author, food, meal, dinner, lunch, breakfast, soup, pizza, steak, pasta,
    salad, dessert, cake, bread, coffee, tea, wine, restaurant, cafe, bar, menu, kitchen, bakery,
    hotel, room, bed, bathroom, shower, lobby, pool, view, location, staff, service, waiter,
    waitress, manager, driver, nurse, doctor, dentist, teacher, guide, clerk, receptionist,
    product, phone, laptop, camera, screen, battery, keyboard, charger, headphones, speaker,
    sound, picture, lamp, chair, table, sofa, mattress, kettle, toaster, vacuum, jacket, coat,
    shirt, shoes, boots, bag, zip, fabric, design, colour, quality, price, value, delivery,
    package, parcel, box, shop, store, website, app, update, software, version, interface, game,
    support, weather, morning, evening, afternoon, weekend, summer, winter, spring, wind, rain,
    sky, job, office, boss, team, meeting, project, colleagues, pay, salary, hours, shift, train,
    bus, flight, tram, ferry, taxi, journey, trip, ride, seat, airport, station, airline, crew,
    road, course, lecture, lesson, class, exam, school, concert, band, singer, music, song, album,
    crowd, museum, gallery, exhibition, tour, park, garden, beach, city, town, village,
    neighbourhood, apartment, holiday, party, wedding, gym, bike, car, garage, bank, library,
    hospital, clinic, haircut, barber""")

INTENSIFIERS = words("""
    very, really, so, extremely, quite, truly, absolutely, totally, incredibly, rather, just,
    completely, pretty, thoroughly, simply, utterly, surprisingly, always, consistently,
    genuinely, remarkably, unbelievably, wonderfully, terribly, awfully, too""")

FILLER_WORDS = words("""
    the, a, an, this, that, these, those, i, you, he, she, we, they, it, me, him, her, us, them,
    my, your, his, our, their, its, who, which, what, where, when, why, how, and, or, as, if,
    then, than, of, in, on, at, to, from, by, for, with, about, into, over, under, after, before,
    between, during, through, around, near, behind, above, along, across, since, until, because,
    while, is, are, was, were, be, been, being, have, has, had, do, does, did, will, would, can,
    could, may, might, shall, should, must, say, said, tell, told, ask, asked, call, called, see,
    saw, seen, look, looked, hear, heard, know, knew, think, thought, find, found, take, took,
    give, gave, get, got, go, went, come, came, make, made, put, keep, kept, let, leave, left,
    turn, turned, start, started, begin, began, show, showed, bring, brought, buy, bought, pay,
    paid, open, opened, write, wrote, read, speak, talk, talked, walk, walked, sit, sat, stand,
    stood, live, lived, move, moved, use, used, need, seem, become, became, happen, carry, hold,
    held, wait, meet, met, spend, visit, visited, order, ordered, try, tried, remember, one, two,
    three, four, five, six, ten, twenty, hundred, first, second, third, last, next, other,
    another, same, whole, half, part, both, each, every, all, some, any, many, much, more, most,
    several, such, own, only, even, also, still, again, already, always, often, sometimes,
    usually, now, today, tonight, later, soon, once, here, there, away, back, home, inside,
    outside, together, almost, maybe, perhaps, indeed, rather, quite, thing, things, way, day,
    days, week, month, year, years, hour, hours, minute, time, times, night, people, person, man,
    woman, men, women, child, children, boy, girl, friend, friends, family, mother, father,
    sister, brother, aunt, uncle, neighbour, guest, visitor, customer, reader, student, player,
    house, street, country, world, place, side, front, end, middle, top, bottom, corner, line,
    word, words, name, question, answer, fact, point, reason, idea, sort, kind of, number, group,
    page, picture, letter, paper, water, fire, hand, head, eye, eyes, face, voice, foot, door,
    window, wall, floor, table, glass, plate, bottle, tree, river, lake, mountain, sea, field,
    dog, cat, bird, horse, monday, friday, sunday, january, june, october, london, paris, english,
    french, green, white, black, blue, brown, round, square, wide, early, large, small, old, new,
    young, long, short, usual, local, national, public, whatever, everyone, somebody, everybody,
    anyone, something, anything, myself""")
"""Common words that lean neither way, nor turn a meaning round."""

NEUTRAL_OPENERS = lines("""
    honestly,
    to be honest,
    in my opinion,
    overall,
    in short,
    all in all,
    last week
    yesterday
    this morning
    on the whole,
    for me
    i have to say,
    i must say that
    i think
    i thought
    i believe
    we felt that
    as a family we agreed:
    for the record,
    on our second visit
    after two weeks
    after a month of use,
    at the end of the day,
    from the start
    once again
    as usual
    once we arrived,
    during our stay
    on the way home
    well,
    wow,
    people say that
    my wife says
    my husband says
    my son thinks
    a friend told me that
    we all agreed that
""")

NEUTRAL_CLAUSES = lines("""
    we went there on a tuesday
    i ordered it online last month
    it was my first time there
    i bought it for my mother
    there were four of us
    it has a red door
    we live round the corner
    it opens at nine
    i had heard about it from a neighbour
    we travelled from the north
    it came in a brown box
    my brother came along
    i used it in the kitchen
    it lasts about two hours
    we sat by the window
    i read it on the train
    i have been there twice
    it was a monday in march
    we paid by card
    there are twelve rooms on each floor
    i work there three days a week
    the children were with us
    i watched it on a plane
    it is next to the station
    we stayed for three nights
    i started in september
    you can find it in most shops
    it took place in the old town hall
""")

CLAUSES = {
    "screen": (
        lines("""
            it kept me on the edge of my seat
            i laughed out loud again and again
            i cried happy tears when it finished
            the actors are convincing and full of life
            the dialogue sparkles
            i would gladly watch it a second time
            the two leads have real chemistry
            the camera work is a feast for the eyes
            every scene earns its place
            it held my attention all the way through
            the director knows exactly what she is doing
            i left the theatre with a big grin
            the twist surprised and pleased me
            time flew by
            it stays with you for days
            it made me laugh and it made me think
            i was glued to the screen
            the story pulls you in at once
            the whole audience stood up and clapped
            a joy from beginning to end
            this one deserves every award
            i wish it were longer
        """),
        lines("""
            it put me to sleep
            i checked my watch every five minutes
            i switched it off before the end
            the acting is stiff and fake
            the dialogue is painful to hear
            i wanted a refund for my ticket
            people were leaving the theatre early
            the story goes nowhere
            the humour is childish and nobody laughed
            it drags on forever
            the ending ruins everything
            the special effects look cheap
            i have seen it all before and done better
            i could not care less about the characters
            the sequel has none of the magic
            it is two hours too long
            i yawned through most of it
            what a way to waste a saturday night
            the writers clearly ran out of ideas
            full of holes and clichés
            i struggled to stay awake
            i kept hoping it would be over soon
        """),
    ),
    "book": (
        lines("""
            i read it in one sitting
            i stayed up all night to finish it
            the writing is rich and full of humour
            the characters feel like old friends
            every page has something to enjoy
            i have already lent it to three friends
            a page turner of the best kind
            it changed the way i think
            i was sorry when it was over
            i will read everything she writes
        """),
        lines("""
            i could not get past the first chapter
            the writing is clumsy and full of errors
            the characters are flat as paper
            i stopped reading after a few pages
            it repeats itself over and over
            i threw it in the bin
            the author has nothing to say
            i skipped whole chapters out of boredom
            it was a struggle to finish
            there are better ways to spend your money
        """),
    ),
    "food": (
        lines("""
            everything was cooked to perfection
            the meat melted in my mouth
            the flavours were rich and well balanced
            i licked the plate clean
            we shared everything and enjoyed it all
            the bread was still warm from the oven
            the portions were big and fairly priced
            the best pie i have eaten in years
            the chef came out and made us laugh
            we are already planning our next visit
            they made a special dish for my allergy
            the fish was fresh and full of flavour
            i could eat there every day
            we ordered seconds
            the cook clearly loves his work
            the service was fast and came with a smile
            our glasses were never empty
            the staff treated us like family
            they even gave us a free dessert
            my children asked when we can go again
            it tastes like home cooking
        """),
        lines("""
            the chicken was raw in the middle
            my fish smelled off
            the rice was hard and the sauce was watery
            i was sick all night afterwards
            i sent my plate back twice
            the salad was limp and brown
            they charged us for things we never ordered
            the coffee tasted like dirty water
            there was a fly in my drink
            we left hungry and angry
            it took ages for anyone to serve us
            our order was wrong twice
            the table was sticky
            the waitress was in a foul mood
            the portions were tiny for that price
            it tasted of nothing but salt
            the bread was hard as a rock
            i lost my appetite
            we will eat somewhere else next time
            i would rather go hungry
            nobody came to take our order
            the bill was a shock
            half of the menu was not available
        """),
    ),
    "hotel": (
        lines("""
            we slept like babies
            the towels were soft and the sheets smelled fresh
            we woke up to the sound of the sea
            the staff went out of their way for us
            they gave us a free upgrade
            check in was quick and easy
            the pillows were soft as clouds
            we felt at home right away
            the balcony has a view you will never forget
            we wanted to stay another week
            everything was clean and well looked after
            the owner greeted us with homemade cake
            we have already booked for next year
            the place was calm and we rested well
            the water was hot and the bed was soft
            it is a perfect spot for families
            you get a lot for your money
        """),
        lines("""
            there were insects in the bed
            the sheets had stains on them
            the carpet smelled of smoke
            the air conditioning rattled all night
            we could hear every word from next door
            there was no hot water
            the toilet was blocked and nobody came
            the key did not work and reception was closed
            we asked for another room and were laughed at
            the window would not close
            paint was peeling off the ceiling
            the lift was out of order all week
            we checked out early
            we did not get a minute of rest
            they lost our booking
            they charged my card twice
            there was black mildew in the shower
            the mattress hurt my back
            the pool was green and closed
            it looked nothing like the pictures in the brochure
        """),
    ),
    "product": (
        lines("""
            it works like a charm
            it does exactly what it promises
            it was easy to set up
            it fits like a glove
            i use it every single day
            it still looks new after a year
            it saves me a lot of time
            it is built to last
            it is worth the money
            it exceeded my expectations
            i bought a second one for my sister
            it made my life easier
            the sound is rich and clear
            the battery goes on for days
            it is light, strong and well made
            the best purchase i have made this year
            the picture is sharp and bright
            it charges in no time
            it was a bargain
            it is even better than the old one
            it survived a fall without a scratch
            it has never let me down
            it arrived quickly and well packed
            i cannot imagine my kitchen without it
        """),
        lines("""
            it broke after two days
            it fell apart in my hands
            it does not do what it says on the box
            it never worked properly
            it stopped charging after a month
            the screen went black and stayed black
            the handle came off
            parts were missing from the box
            it makes a horrible grinding noise
            it overheats and shuts down
            the colour washed out at once
            it shrank in the first wash
            the seams came undone
            it scratches if you look at it
            i sent it straight back
            i want a refund
            the shop would not take it back
            i have thrown it away
            do not buy it
            save your money
            it is made of thin plastic and it shows
            the buttons stick
            it keeps losing the connection
            the battery dies within an hour
            the manual is impossible to understand
            it leaks all over the counter
            it hurts my feet
        """),
    ),
    "service": (
        lines("""
            they answered my question within minutes
            they fixed it the same day
            she took the time to explain everything
            he went the extra mile
            they sent a new one free of charge
            they refunded me at once
            they kept every promise
            everyone was patient and kind
            the nurse put me at ease
            it arrived sooner than expected
            they greeted us with a smile
            they remembered my name
            the mechanic was honest and did not overcharge
            they called back just as they said
            he listened and found a solution
            the repair was quick and cheap
            she made my son feel safe
            i felt heard and well looked after
            they handled everything with care
            i trust them completely
            the courier carried it up the stairs for me
        """),
        lines("""
            nobody answered the phone
            they never called me back
            they promised a refund that never came
            i am still waiting for a reply
            they passed me from one person to the next
            he shouted at me
            she was rude and did not care
            they lost my order
            the parcel was damaged when it came
            it came two weeks late
            they sent the wrong size
            they blamed me for their own mistake
            they lied to me
            they overcharged me and would not admit it
            i got no apology
            the queue was endless and only one desk was open
            he treated me like a nuisance
            they refused to help
            they cancelled my appointment without telling me
            the line went dead after half an hour of waiting
            they closed my complaint without reading it
            she did not even look at me
            he ruined my hair
            it took six calls to get an answer
        """),
    ),
    "weather": (
        lines("""
            the sun came out and the sky was blue
            it was warm enough to swim
            a gentle breeze kept us cool
            we had a perfect day at the lake
            the snow sparkled and the children cheered
            spring is here at last and the flowers are out
            the sunset took our breath away
            we sat outside until midnight
            the fresh air did me good
            the rain stopped just in time for the party
            it was a beautiful clear night full of stars
            the sunshine lifted our mood
        """),
        lines("""
            it poured all week and we were soaked
            the heat was too much to bear
            the fog made driving dangerous
            the wind blew our tent away
            i froze all day
            it was grey and wet from start to finish
            the flood destroyed our cellar
            the hail damaged my car
            we had to cancel the barbecue because of the rain
            it was so humid that i could not breathe
            another day of cold drizzle
            the snow blocked the road and we were stuck
            the cold got into my bones
        """),
    ),
    "work": (
        lines("""
            my boss supports me and says thank you
            i look forward to going to work
            the team helps each other
            i got a raise and a bonus
            they trust us to do our work
            i can work from home and see my kids
            my ideas are taken seriously
            we laugh a lot at the office
            the pay is fair and the people are great
            i have learned so much from my manager
            we reached our goal and celebrated
            i was promoted last month
            everybody pulled together and it was a success
            the new office is bright and comfortable
            my colleagues are the best
        """),
        lines("""
            my boss shouts at everyone
            i work late every night for no extra pay
            nobody listens to what i say
            they cut our pay without warning
            i cannot wait to quit
            i was fired by email
            the workload is crushing
            the office is loud and nobody can think
            my colleagues gossip and complain all day
            there is no chance of promotion
            they ask too much and pay too little
            the project failed and we were blamed
            i come home worn out every evening
            half of the team has left already
            we talk for hours and decide nothing
            my contract was not renewed
            i lie awake on sunday night worrying
        """),
    ),
    "transport": (
        lines("""
            we left and arrived right on time
            the seats were wide and soft
            the driver helped me with my bags
            the ride was smooth and quiet
            there was plenty of room for my legs
            the crew looked after us very well
            the ticket was cheap and the trip was fast
            we landed early
            the view from the window was lovely
            changing trains was easy
            everyone got a seat
            i enjoy the ride to work
            parking was easy and free
            the new tram is clean and fast
        """),
        lines("""
            my train never came
            we were delayed for five hours
            they lost my suitcase
            i missed my connection because of them
            i had to stand the whole way
            the toilets were out of order
            the driver braked hard and swore at people
            the bus did not stop for me
            our flight was cancelled without a word
            we were stuck in traffic all morning
            the taxi driver cheated us
            the seats were torn and dirty
            there was nowhere to park
            it smelled of sweat
            nobody told us what was going on
            my knees hurt because the seats are so tight
            the road is full of holes
        """),
    ),
    "learning": (
        lines("""
            the teacher made it fun
            i finally understand fractions
            the examples were clear and useful
            she answers every question with patience
            i passed my exam thanks to this class
            the exercises are well thought out
            i learned a great deal
            the time in class flies by
            my daughter loves going to school now
            he explains hard things in simple words
        """),
        lines("""
            the teacher just read from the slides
            i did not learn anything
            i failed because nothing was explained
            the exercises had nothing to do with the lessons
            the class was chaos
            he could not explain the basics
            it was a waste of a whole term
            the recordings were impossible to hear
            i dropped out after a week
            she made fun of the students
        """),
    ),
    "software": (
        lines("""
            it loads in a second
            everything is where you expect it
            it found my files right away
            the new design is clean and clear
            it syncs without trouble
            the latest release fixed every bug i had
            i got used to it in five minutes
            it runs fast even on my old computer
            it is free and has no ads
            the search is quick and accurate
        """),
        lines("""
            it crashed and i lost my work
            it freezes whenever i try to save
            it is full of ads
            i cannot log in any more
            the new layout is a mess
            it drains my battery
            it takes forever to load
            every release brings new bugs
            my photos are gone
            it asks for my password ten times a day
            the menus make no sense
            it locked up and had to be restarted
        """),
    ),
    "outing": (
        lines("""
            the band was on fire and everybody danced
            her voice gave me goosebumps
            the guide knew so many good stories
            the paintings took my breath away
            we had the time of our lives
            we could have stayed for hours
            my kids had a great time
            it was the highlight of our trip
            the music was so good that i bought the record
            they played three encores
            it was a night to remember
            the park is green, quiet and full of birds
            there is so much to see and do
            the party was great fun
        """),
        lines("""
            the sound was so bad that we could not hear the singer
            they started two hours late and played badly
            half of the rooms were closed
            there was nothing to see
            we stood in line all day
            the guide mumbled and rushed us through
            people pushed and spilled beer on us
            my kids were bored to tears
            we went home early
            they played for only half an hour
            the beach was covered in rubbish
            it was a tourist trap
            the tickets cost a fortune
            somebody stole my wallet
            the party was dead by nine
        """),
    ),
    "general": (
        lines("""
            i would recommend it to anyone
            i will be back soon
            i would go again in a heartbeat
            five stars
            two thumbs up
            it made my day
            it could not have been better
            i have never seen anything better
            i cannot find a single fault
            what more could you want
            you should try it
            it was all i had hoped for
            it was much better than i thought it would be
            i am so glad that i tried it
            it was worth the wait
            it is worth the trip
            it gets everything right
            it put a smile on my face
            i cannot get enough of it
            i was pleasantly surprised
            thanks to everyone for the lovely day
            many thanks for the kind help
            i am one happy customer
            keep up the good work
            nothing could be better
            i cannot wait to go back
            it is the best thing that happened to me this year
            highly recommended
            it gets better every time
            we had a ball
            it is a must
            it was love at first sight
            everybody went home happy
            i got many compliments
            my hopes were low and i was won over
            you get what you were promised
            it is the best in town
            no question, this is a winner
            it lifted my spirits
            i have nothing bad to say
            it never gets old
            the children did not want it to end
            i would happily pay more
            what a relief
            they know what they are doing
            you can tell that they care
            it was gone in a minute because it was so good
            it ticks all the boxes
            it calmed me down
            i felt ten years younger
            we stayed longer than planned because it was so nice
            all my worries were gone
            it was a great success
            it turned a bad day into a good one"""),
        lines("""
            we had a terrible time
            it is a must to avoid
            i want to forget it
            everybody went home sad
            i had no fun at all
            my hopes were high and i was let down
            you get less than you were promised
            it is the worst in town
            no question, this is a loser
            it lowered my spirits
            i have nothing good to say
            it gets old very fast
            the children wanted to go home
            i would not take it as a gift
            what a pain
            they have no idea what they are doing
            you can tell that they do not care
            it cost a fortune and was gone in a minute
            it fails on every count
            it drove me mad
            i felt ten years older
            we left sooner than planned because it was so nasty
            all my worries came true
            it was a total failure
            it turned a good day into a bad one
            i cannot believe that i paid for this
            so much for quality
            we ran away
            it gave me a headache
            it made me ill
            i would not recommend it to anyone
            i will not be back
            never again
            one star
            thumbs down
            it ruined my day
            it could not have been worse
            i have never seen anything worse
            stay away
            avoid it at all costs
            you should skip it
            it did not meet my expectations
            it was much worse than i thought it would be
            i wish i had never tried it
            it was not worth the wait
            it is not worth the trip
            it gets everything wrong
            it made me angry
            i have had enough of it
            what a letdown
            somebody should be ashamed
            they should know better
            i want my money back
            i am one unhappy customer
            nothing went right
            i cannot wait to leave
            it is the worst thing that happened to me this year
            i expected a lot and got very little
            i had hoped for more
            it gets worse every time
            it is not what we paid for
            i am done with them
            please fix this
        """),
    ),
}
"""Subject -> (positive clauses, negative clauses)."""
