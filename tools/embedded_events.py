"""What happens, for or against: the second half of the sentiment model's training text.

`embedded_lexicon` holds what things are called; here stand acts, waits, comparisons and findings,
as templates with word lists of their own. They are not mirror images of each other, because
praise and blame are not told in the same way.
"""

from __future__ import annotations

from embedded_lexicon import lines, words

FILLERS = {
    "who": words("""
        they, he, she, the staff, the owner, my boss, the driver, the nurse, the clerk, the
        waiter, the guide, the teacher, the crew, the company, the seller, the cook, the cashier,
        the host, the builder, the plumber, the agent, the mechanic, our neighbour, the landlord,
        the coach, the man at the desk, the woman at the till, the whole team, the manager, the
        person there"""),
    "whom": words(
        "me, us, my wife, my mother, my son, our group, the children, the guests, everyone"
    ),
    "thing": words("""
        phone, radio, laptop, printer, clock, watch, car, bicycle, tent, umbrella, jacket,
        suitcase, fridge, oven, heater, blender, mixer, razor, tablet, mouse, router, drill,
        hammer, ladder, door, window, lock, tap, shower, bed, desk, chair, sofa, lamp, mirror,
        pan, knife, cup, bottle, belt, dress, sweater, toy, puzzle, game, app, program, website,
        file, map"""),
    "place": words("""
        bath, bathroom, bedroom, hall, kitchen, lobby, carpet, curtain, drawer, cupboard, corner,
        pillow, soup, salad, glass, cup, sandwich, bread, drink, plate, pool, garden, balcony,
        stairs, street, cellar, floor, ceiling, shelf, basin, lift, yard, van, seat, coach,
        box"""),
    "number": words(
        "two, three, four, five, six, seven, eight, ten, twelve, fifteen, thirty, fifty"
    ),
    "short": words("minutes, seconds, short days, easy steps"),
    "long": words("hours, days, weeks, months, years"),
    "time": words("minutes, hours, days, weeks, months, years, pages, nights, times, uses"),
    "plain": words("""
        old, small, big, long, short, cheap, simple, plain, dark, red, blue, strange, new, young,
        high, low, little, famous, local, foreign, popular, narrow, heavy, quiet, early, late"""),
    "toomuch": words("""
        hot, cold, small, big, long, short, high, low, thin, thick, salty, sweet, heavy, hard,
        soft, far, tight, loud, dark, bright, spicy, sour, bitter, late, early, steep, narrow,
        strict"""),
    "todo": words("""
        eat, sleep, sit, work, read, walk, enjoy it, hear anything, see anything, think, breathe,
        relax, use, drink, wear, understand, concentrate, stay, play, talk, follow, bear"""),
    "done": words("""
        made, written, cooked, cleaned, explained, organised, managed, played, packed, designed,
        prepared, served, handled, planned, painted, decorated, told, taught, sung, directed,
        built"""),
    "adv+": words("""
        well, beautifully, perfectly, carefully, wonderfully, brilliantly, lovingly, superbly,
        nicely, skilfully, expertly, politely, kindly, warmly, quickly, gently, smoothly, happily,
        patiently, clearly, generously, fairly, honestly, neatly, gracefully, flawlessly"""),
    "adv-": words("""
        badly, poorly, terribly, horribly, awfully, carelessly, rudely, coldly, clumsily, lazily,
        sloppily, wrongly, slowly, unfairly, angrily, roughly, miserably, stupidly, without care,
        hastily, impatiently, without skill, dishonestly, harshly"""),
    "er+": words("""
        better, nicer, faster, cleaner, easier, happier, warmer, quieter, fresher, safer,
        friendlier, smarter, kinder, stronger, smoother, calmer, funnier, clearer, more
        comfortable, brighter, more helpful, more fun, more beautiful, healthier, lovelier, more
        reliable, simpler"""),
    "er-": words("""
        worse, slower, dirtier, louder, uglier, weaker, sadder, ruder, noisier, more boring,
        duller, more expensive, more confusing, less useful, less friendly, less helpful, more
        crowded, less reliable, harder to use, more annoying, poorer, smellier, angrier, less
        fun"""),
    "act+": words("""
        helped, welcomed, thanked, encouraged, supported, cheered up, looked after, took care of,
        made time for, smiled at, listened to, saved, advised, comforted, calmed, surprised with
        cake, taught, guided, praised, rewarded, invited, delighted, protected, treated well,
        amused"""),
    "act-": words("""
        ignored, insulted, cheated, blamed, forgot, yelled at, shouted at, lied to, overcharged,
        hurt, scared, laughed at, robbed, pushed, bullied, threatened, rushed, tricked,
        disappointed, abandoned, mocked, disturbed, misled, bored, let down, fooled, offended,
        neglected, sneered at"""),
    "fix": words("""
        fixed, repaired, improved, saved, cleaned, mended, replaced, restored, polished, upgraded,
        found, delivered, finished, rescued, solved the trouble with, got rid of the dents in"""),
    "ruin": words("""
        ruined, spoiled, wrecked, destroyed, damaged, lost, stole, broke, scratched, dropped,
        cracked, crushed, burned, tore, stained, dented, smashed, misplaced, deleted, wiped, bent,
        flooded"""),
    "fail": words("""
        broke, crashed, froze, failed, leaked, cracked, jammed, died, burst, collapsed, melted,
        faded, tore, rusted, stalled, exploded, snapped, smelled, overheated, shrank, stopped,
        quit, warped, caught fire, fell over, fell to pieces, got stuck, gave out, wore out,
        peeled, rattled"""),
    "hold": words("""
        works, shines, looks new, runs smoothly, holds up, does its job, feels sturdy, makes me
        smile, performs well, looks great, keeps going, sounds great, tastes good, fits well, is
        in one piece, serves us well, pleases everyone, starts at once, makes us proud, brings us
        joy"""),
    "foul": words("""
        dust, mud, blood, mice, rats, cockroaches, ants, a spider, flies, stains, dirt, rubbish,
        broken glass, a bad smell, smoke, a leak, grease, rust, ash, dead insects, a puddle,
        slime, cracks, vomit, a stranger's sock, cigarette ends, bones, a plaster, chewing gum"""),
    "sweet": words("""
        fresh flowers, a warm smile, free coffee, a lovely view, good company, laughter, a kind
        note, chocolates, candles, a friendly cat, live music, sunshine, plenty of space, soft
        cushions, homemade jam, fresh fruit, a warm blanket, good light, birdsong, a nice
        surprise"""),
    "do+": words("""
        help, smile, listen, say hello, apologise, keep their word, answer, explain it, clean up,
        care, reply, say sorry, fix it, refund me, call back, pay attention, show up, try, keep a
        promise, turn up on time, say please, thank anyone, take notes, understand me, look up,
        share anything"""),
    "do-": words("""
        complain, shout, break, crash, disappoint, lie, forget, fail, let us down, blame others,
        hurt, overcharge, argue, swear, cause trouble, waste time, rush anyone, lose a thing, make
        a mess, freeze, annoy anyone, get in the way, bore anyone, arrive late, go wrong, cheat,
        leak"""),
    "ing+": words("""
        smiling, laughing, dancing, reading, watching, eating, singing along, talking about it,
        looking at it, listening, telling my friends about it, playing it, praising them,
        grinning"""),
    "ing-": words("""
        yawning, crying, complaining, coughing, looking at my watch, swearing, shivering,
        sneezing, falling asleep, scratching, arguing, worrying, sighing, itching, shaking my
        head, losing money"""),
    "bear": words("""
        finish it, sit through it, eat it, use it, bear it, open it, sleep, swallow it, log in,
        reach         anyone, get a refund, hear a word, find a seat, get through, rest, get warm,
        see the stage, get an answer, return it, believe how bad it was, get it to work, breathe
        in there"""),
    "again": words("""
        come back, return, go again, buy it again, order again, visit again, use them again, book
        again, watch it again, read it again, hire them again, shop there, stay there, eat there,
        see them"""),
    "award": words("""
        a visit, the money, the trip, the wait, the effort, the climb, your time, a look, seeing
        twice, reading twice, the drive, a second visit, the price, a detour, keeping"""),
    "learned": words("learned, understood, gained, got, remembered, received, took home"),
    "much": words("a lot, so much, a great deal, plenty, more than ever, everything i needed"),
    "none": words("nothing, very little, nothing at all, hardly anything, almost nothing, zero"),
    "stopword": words("again, once more, yet again, as always, for the third time, all the time"),
    "cancel": words("""
        cancelled, delayed, closed, late, full, sold out, blocked, dirty, locked, overbooked,
        missing, out of order, behind schedule, packed, filthy, broken down, postponed, out of
        stock"""),
    "gain": words(
        "joy, comfort, hope, peace, pride, laughter, happiness, delight, calm, confidence"
    ),
    "grief": words(
        "anger, pain, stress, sorrow, misery, boredom, fear, trouble, shame, worry, despair"
    ),
}

EVENTS = {
    "positive": lines("""
        [who] [act+] [whom]
        [who] [act+] [whom] and [act+] [whom]
        [who] [fix] my [thing]
        [who] [fix] our [thing] in [number] [short]
        [who] kindly [fix] the [thing]
        [who] will always [do+]
        [who] does not [do-]
        not once did [who] [do-]
        [who] would never [do-]
        it does not [do-]
        it will not [do-]
        i have never seen it [do-]
        nobody had to [do-]
        the [thing] still [hold]
        my [thing] [hold] and [hold]
        after [number] [long] the [thing] still [hold]
        it [hold] even after [number] [long]
        the [thing] is [adv+] [done]
        it was [adv+] [done]
        everything was [adv+] [done] and [adv+] [done]
        [who] did it [adv+]
        [who] sings and plays [adv+]
        [who] treated [whom] [adv+]
        a [adv+] [done] [thing]
        there was [sweet] on the [place]
        we found [sweet] in the [place]
        [sweet] and [sweet]
        it is [er+] than before
        it is much [er+] than the old [thing]
        it is [er+] and [er+]
        the [thing] is [er+] than i had hoped
        life is [er+] with this [thing]
        i feel [er+] already
        nothing is [er+] than this
        it could hardly be [er+]
        the best [thing] i have ever had
        by far the best [thing]
        it took only [number] [short]
        it came [number] [long] early
        only [number] [short] and it was ready
        i could not stop [ing+]
        we were all [ing+]
        i was still [ing+] on the way home
        i will [again]
        i will definitely [again]
        we would love to [again]
        i cannot wait to [again]
        you should [again]
        it is worth [award]
        well worth [award]
        it was really worth [award]
        [who] deserves praise
        i am grateful to [who]
        thanks to [who] i [learned] [much]
        i [learned] [much]
        we [learned] [much] from it
        it gave me [gain] and [gain]
        so much [gain] and [gain]
        it brings [gain] to [whom]
        it is not [toomuch] at all
        the [thing] is not too [toomuch]
        neither too [toomuch] nor too [toomuch]
        the [plain] [thing] [hold]
        it is [plain] and it [hold]
        it is [plain], [plain] and [er+] than the rest
        it was never [cancel]
        nothing was [cancel]
        i slept [adv+]
        best [thing] ever
        best [thing] in town
        the [thing] of my dreams
        [who] is an angel
        [who] is the best
        it saves [whom] [number] [short] a day
        no [grief], no [grief]
        no more [grief]
        my [grief] is gone
        [who] paid for it without a word
        the [thing] won [whom] over
        more [gain], less [grief]
        [whom] wanted to stay
        i would not change a thing
        we had no reason to [do-]
    """),
    "negative": lines("""
        [who] [act-] [whom]
        [who] [act-] [whom] and [act-] [whom]
        [who] [ruin] my [thing]
        [who] [ruin] our [thing] and did not [do+]
        [who] carelessly [ruin] the [thing]
        [who] would not [do+]
        [who] did not even [do+]
        [who] does not [do+]
        [who] could not [do+]
        [who] refused to [do+]
        [who] will never [do+]
        [who] forgot to [do+]
        nobody bothered to [do+]
        not one of them would [do+]
        no one could [do+]
        no one there can [do+]
        all [who] can do is [do-]
        it will [do-] sooner or later
        all they ever do is [do-] and [do-]
        the [thing] [fail]
        the [thing] [fail] [stopword]
        my [thing] [fail] after [number] [time]
        it [fail] on day [number]
        it [fail] and then it [fail]
        after [number] [time] it [fail]
        it [fail] whenever i touch it
        the [thing] keeps [ing-]
        it is [adv-] [done]
        it was [adv-] [done] and [adv-] [done]
        the [thing] was [adv-] [done]
        [who] did it [adv-]
        [who] sings and plays [adv-]
        [who] treated [whom] [adv-]
        a [adv-] [done] [thing]
        we discovered [foul] inside the [place]
        we found [foul] under the [place]
        i saw [foul] and [foul]
        the [place] was covered in [foul]
        [foul] everywhere
        it is [er-] than before
        it is much [er-] than the old [thing]
        it is [er-] and [er-]
        the [thing] is [er-] than i had feared
        life is [er-] with this [thing]
        i feel [er-] already
        nothing is [er-] than this
        it could hardly be [er-]
        it is not [er+] than the old one
        the worst [thing] i have ever had
        by far the worst [thing]
        it took [number] [long] to get a [thing]
        we waited [number] [long] in the cold
        i had to wait [number] [long] for nothing
        [number] [long] late
        it came [number] [long] too late
        it lasted only [number] [time]
        i could not stop [ing-]
        we were all [ing-]
        i could not [bear]
        we could not [bear] or [bear]
        it was impossible to [bear]
        i will not [again]
        i will never [again]
        i would not [again] if you paid me
        i refuse to [again]
        nobody should [again]
        that was the last time i [again]
        not worth [award]
        it is not worth [award]
        it was barely worth [award]
        [who] should be ashamed
        no thanks to [who] i [learned] [none]
        i [learned] [none]
        we [learned] [none] from it
        it gave me nothing but [grief]
        so much [grief] and [grief]
        it brings [grief] to [whom]
        it is too [toomuch]
        it gets much too [toomuch]
        the [thing] is way too [toomuch] to [todo]
        so [toomuch] that i could not [todo]
        the [place] is so [toomuch] that nobody can [todo]
        too [toomuch] and too [toomuch]
        the [thing] was [toomuch] and [toomuch], much too [toomuch] to [todo]
        the [plain] [thing] [fail]
        it is [plain] and it [fail]
        it was [cancel] [stopword]
        the [thing] was [cancel] and nobody could [do+]
        everything was [cancel]
        [cancel] [stopword]
        i slept [adv-]
        worst [thing] ever
        worst [thing] in town
        the [thing] of my bad dreams
        [who] is a pest
        [who] is the worst
        it costs [whom] [number] [long] a day
        no [gain], no [gain]
        no more [gain]
        my [gain] is gone
        i paid a fortune for the [thing]
        [who] talked down to [whom]
        [who] needs another job
        less [gain], more [grief]
        [whom] wanted to leave
        i would change everything
        we had every reason to [do-]
    """),
}
"""Templates of each label; a slot names its list, the same for both."""
