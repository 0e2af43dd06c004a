"""The held-out sentences of the sentiment task: written by hand, or from templates of their own.

Each says an opinion in words of opinion, plainly, negated or contrasted; sentences whose opinion
must be inferred from what happened stand in `embedded_hard`. No sentence and no template here
occurs in the training text (`embedded_sentences`): `embedded_sentiment` compares skeletons, in
which words of a kind are exchanged for the kind. Single words do occur, as they must.
"""

from __future__ import annotations

import random
import re

from embedded_common import Row

POSITIVE = """
What a beautiful little film, full of warm and honest moments.
With acting this excellent, the lovely music was a bonus.
I really enjoyed this book and finished it in one weekend.
A funny, charming story with great characters.
Honestly the best concert I have been to this year.
The ending was perfect and the whole cast was superb.
My kids loved the show and so did I.
Such a clever script and such fine photography.
I was impressed by how fresh and original it felt.
An exciting game with beautiful graphics.
They serve delicious pasta together with fresh bread.
Great coffee, friendly people and fair prices.
This is my favourite restaurant in town.
With your tea they bring a wonderful cake.
We had a very pleasant lunch on the terrace.
Tasty pizza, quick service and a happy family at the next table.
Their fish is always fresh and perfectly cooked.
Good wine, good food and good company.
From a quick kitchen came an amazing soup.
I loved every dish that came to our table.
We slept in a clean, quiet and comfortable room.
A lovely hotel with helpful staff and a great view.
Soft bed, excellent shower, happy guests.
We were very happy with this pretty apartment.
Children play in a clean pool and a beautiful garden.
Friendly welcome, bright room and a generous breakfast.
I felt safe and comfortable during the whole stay.
This place is quiet, charming and good value.
The camera takes sharp and beautiful pictures.
I am very pleased with this sturdy and handy bag.
On this bright screen everything looks clear.
Excellent quality and easy to clean.
My new phone is fast, light and reliable.
A great little radio that works perfectly.
These shoes are comfortable and look fantastic.
The keyboard feels solid and is a pleasure to use.
The vacuum cleaner is powerful and surprisingly quiet.
Well made, practical and worth the money.
The lady on the phone was kind and very helpful.
Fast delivery and friendly service, thank you.
The mechanic was honest and his price was fair.
They gave me quick and useful advice.
I am grateful for such professional and patient help.
My questions were answered by a polite young man.
You travel in a clean, fast and comfortable train.
A smooth and pleasant flight with a kind crew.
The new bus line is quick and convenient.
We enjoyed a relaxing trip along the coast.
The weather was sunny and warm all week.
A bright, calm and beautiful day in the mountains.
I like my job, and my colleagues are wonderful.
The training was useful and the trainer was brilliant.
We work in a bright, modern and pleasant office.
It was a successful project with a great team.
The lesson was interesting and not boring at all.
The service was not slow, it was excellent.
I was worried at first, but the result is fantastic.
The bag is small, but it is strong and practical.
The street is noisy, but the rooms are wonderfully quiet.
It was raining, yet we had a fantastic time.
"""

NEGATIVE = """
What a boring film, with silly jokes and terrible acting.
The book was dull and the characters were annoying.
I hated the ending and regret buying the ticket.
A weak story with awful dialogue.
Honestly the worst concert I have been to this year.
Over loud music we heard a horrible singer.
My kids were bored and so was I.
Such a stupid script and such poor direction.
I was disappointed by how slow and predictable it felt.
An ugly game full of annoying errors.
They serve cold pasta together with stale bread.
Bad coffee, rude people and high prices.
This is the worst restaurant in town.
With your tea they bring a dry and disgusting cake.
We had a very unpleasant lunch on the terrace.
Greasy pizza, slow service and a dirty table.
Their fish smelled bad and tasted worse.
Terrible wine, bland food and unfriendly waiters.
From a slow kitchen came an awful soup.
I hated every dish that came to our table.
We slept in a dirty, noisy and cold room.
An ugly hotel with rude staff and a terrible smell.
The bed was hard and the shower was broken.
We were very unhappy with this filthy apartment.
Children play in a dirty pool and a neglected garden.
Cold welcome, dark room and a miserable breakfast.
I felt unsafe and uncomfortable during the whole stay.
This place is loud, shabby and overpriced.
The camera takes blurry and ugly pictures.
I am very disappointed with this flimsy and useless bag.
On this faulty screen everything looks poor.
Terrible quality and impossible to clean.
My new phone is slow, heavy and unreliable.
A cheap little radio that broke at once.
These shoes are uncomfortable and look horrible.
The keyboard feels cheap and is a pain to use.
The vacuum cleaner is weak and terribly loud.
Badly made, useless and a waste of money.
The lady on the phone was rude and not helpful.
Slow delivery and unfriendly service, never again.
The mechanic was dishonest and his price was outrageous.
They gave me wrong and useless advice.
I am angry about such careless and impatient treatment.
My questions were ignored by an arrogant young man.
You travel in a dirty, late and crowded train.
That crew was rude during the whole awful flight.
The new bus line is slow and unreliable.
We had a stressful and exhausting trip along the coast.
The weather was terrible and cold all week.
A grey, wet and miserable day in the mountains.
I hate my job, and my colleagues are horrible.
The training was useless and the trainer was arrogant.
Our office is dark, noisy and depressing.
It was a failed project with a lazy team.
The lesson was not interesting, and I was bored.
The service was not good, it was a disaster.
I was hopeful at first, but the result is terrible.
The bag is pretty, but it is weak and useless.
The view is lovely, but the rooms are filthy.
The sun was shining, yet we had a horrible time.
"""

TEMPLATES = """
Frankly, this [noun] was [same].
Was the [noun] [same]? Yes, very.
[same] [noun], [same] memories of it.
To me the [noun] seemed truly [same].
Of all the things that day, the [noun] was the most [same].
You will find the [noun] [same].
I had heard of this [noun], and it is as [same] as they say.
Never before was a [noun] this [same].
All in all: a [same] [noun].
Last summer we found the [noun] quite [same].
The [noun] made all of us [feel].
After that [noun] I was simply [feel].
The [noun] is not [other], it is [same].
People say the [noun] is [other], but I found it [same].
"""
"""`[same]` takes an adjective of the sentence's label, `[other]` one of the opposite label,
`[feel]` a feeling of the label."""

GROUPS: tuple[dict[str, str], ...] = (
    {
        "noun": "waiter, doctor, teacher, driver, guide, receptionist",
        "positive": "friendly, helpful, kind, polite, patient, professional",
        "negative": "rude, careless, arrogant, lazy, unfriendly, impatient",
    },
    {
        "noun": "soup, pizza, dessert, coffee, breakfast, salad",
        "positive": "delicious, tasty, fresh, excellent, superb",
        "negative": "bland, stale, disgusting, tasteless, awful",
    },
    {
        "noun": "hotel, room, museum, park, restaurant, cafe",
        "positive": "charming, clean, welcoming, lovely, peaceful",
        "negative": "dirty, noisy, shabby, crowded, depressing",
    },
    {
        "noun": "film, novel, concert, documentary, play, lecture",
        "positive": "gripping, funny, moving, brilliant, fascinating",
        "negative": "boring, tedious, predictable, dull, silly",
    },
    {
        "noun": "phone, camera, laptop, speaker, kettle, lamp",
        "positive": "reliable, sturdy, handy, practical, impressive",
        "negative": "useless, flimsy, unreliable, faulty, slow",
    },
    {
        "noun": "trip, holiday, flight, weekend, party, wedding",
        "positive": "wonderful, memorable, relaxing, pleasant, delightful",
        "negative": "exhausting, stressful, terrible, miserable, chaotic",
    },
)
"""What each noun can sensibly be called."""

FEELINGS = {
    "positive": "happy, delighted, impressed, charmed, relaxed",
    "negative": "annoyed, bored, angry, disappointed, frustrated",
}

ROWS_PER_LABEL = 100


def fill(template: str, label: str, rng: random.Random) -> str:
    """Fill a held-out template for `label`."""
    opposite = "negative" if label == "positive" else "positive"
    group = rng.choice(GROUPS)
    lists = {
        "noun": group["noun"],
        "same": group[label],
        "other": group[opposite],
        "feel": FEELINGS[label],
    }
    # Shuffled, then taken in turn: "rude and rude" cannot happen.
    left = {slot: rng.sample(text.split(", "), text.count(",") + 1) for slot, text in lists.items()}
    text = re.sub(r"\[(\w+)\]", lambda slot: left[slot[1]].pop(), template)
    text = re.sub(r"\ba (?=(?!use)[aeiou]|honest)", "an ", text)
    return text[0].upper() + text[1:]


def held_out_rows(seed: int) -> list[Row]:
    """The task's rows: distinct, half of each label, shuffled."""
    rng = random.Random(f"sentiment held-out {seed}")
    templates = TEMPLATES.strip().splitlines()
    pairs: list[tuple[str, str]] = []
    for label, text in (("positive", POSITIVE), ("negative", NEGATIVE)):
        chosen = dict.fromkeys(text.strip().splitlines())
        turn = 0
        while len(chosen) < ROWS_PER_LABEL:
            chosen[fill(templates[turn % len(templates)], label, rng)] = None
            turn += 1
        pairs += [(sentence, label) for sentence in chosen]
    rng.shuffle(pairs)
    return [
        {"id": f"s{number:04d}", "query": sentence, "answer": label}
        for number, (sentence, label) in enumerate(pairs, start=1)
    ]
