"""Harder sentences than the sentiment task's: the opinion must often be inferred.

They are no task; the model card says how the model does on them, so that nobody takes the
task's accuracy for more than it is.
"""

from __future__ import annotations

from embedded_common import Row

POSITIVE = """
The film had me smiling from the first scene to the last.
I walked in tired and left the cinema happy.
Her performance alone is worth the price of the ticket.
I did not want the story to end.
It starts slowly, but the final hour is brilliant.
Not a single dull moment in two hours.
The soup tasted like something my grandmother would make, and I mean that as praise.
We will certainly be back for the grilled fish.
The portions are small, but every bite is delicious.
I expected bland hospital food and got a lovely dinner instead.
Our waiter was patient with the children and never made us feel rushed.
The room was spotless and the bed was heavenly.
Breakfast alone is a good reason to book this place again.
The hotel is old, yet it is charming and very well kept.
Nobody at the desk was anything less than kind.
I slept better here than I do at home.
The headphones sound far better than their price suggests.
Three years later this kettle still works perfectly.
Setting it up took two minutes and no effort at all.
I had my doubts about the cheap battery, but it lasts all day.
This little lamp has made my evenings so much nicer.
My parcel arrived a day early and in perfect condition.
The support team solved my problem within an hour.
The man on the phone was polite, clear and really helpful.
They replaced the broken part without any fuss.
After weeks of rain, the sunshine feels wonderful.
What a glorious morning for a walk by the river!
It was a cold and windy climb, but what a breathtaking view!
My new colleagues are friendly and made me feel welcome at once.
I finally have a boss who listens.
The job is demanding, but I have never been happier.
We finished the project early and everyone was proud of it.
The train was on time, quiet and comfortable.
The bus driver waited for me, which was very kind.
Cycling to the office is the best part of my day.
The flight was long, but the crew kept us comfortable.
I could not put the book down.
A clever, warm and funny novel.
The lecture made a difficult subject easy to follow.
I learned more in this course than in a whole year of school.
The new version is faster and a lot easier to use.
There is nothing to complain about here.
The band played beautifully and the crowd loved them.
I was never bored, not even for a minute.
The museum is a treasure, and the guide was superb.
It is not cheap, but it is worth every penny.
I cannot recommend this bakery highly enough.
The garden was so peaceful that we stayed all afternoon.
Thank you for a truly memorable evening.
The doctor was gentle and explained everything carefully.
"""

NEGATIVE = """
I fell asleep halfway through the film.
Two hours of my life that I will never get back.
The jokes fall flat and the actors look as bored as I was.
The trailer was exciting, but the film itself is a mess.
Not even the great cast can save this script.
The plot makes no sense at all.
My steak was cold and the fries were soggy.
I would not serve this soup to my dog.
The place looks lovely, but the food is awful.
We waited an hour for a table and then they forgot our order.
The waiter rolled his eyes when I asked for water.
The dessert was hardly worth the calories.
There was hair in the sink and mould on the wall.
The walls are so thin that we did not sleep at all.
The photos online look nothing like the dirty room we were given.
I would never stay in this hotel again.
The location is great, but the staff were unfriendly and the room smelled.
The zip broke on the very first day.
It stopped working after a week, and the shop refused to give my money back.
The battery barely lasts until lunch.
Cheap plastic, poor sound, a complete waste of money.
I wanted to like this phone, but it keeps freezing.
The instructions were useless and two screws were missing.
My package arrived late, and the box was crushed.
I was on hold for forty minutes and nobody could help me.
They ignored every one of my emails.
The agent was rude and hung up on me.
It has been raining for nine days and everything is miserable.
The storm ruined our picnic.
It is far too hot to do anything or even to sleep.
After a sunny morning came a dreadful, stormy afternoon.
My manager never says thank you and blames us for everything.
The meetings are endless and nothing ever gets decided.
The pay is decent, but the hours are horrible.
I am exhausted and I dread Monday mornings.
The train was cancelled again and no one told us why.
The bus was crowded, dirty and twenty minutes late.
We sat on the runway for three hours without any water.
Parking there is a nightmare.
The book is long, dull and full of mistakes.
I gave up after fifty pages.
The teacher was not prepared and could not answer simple questions.
The course promised a lot and taught me very little.
The update made the app slower and deleted my notes.
It crashes every time I open a file.
The singer was out of tune, and we left early.
The tour was anything but interesting.
I expected more from such a famous museum.
Nothing about this place made me want to return.
The dentist was rough and did not listen to me.
"""


def hard_rows() -> list[Row]:
    """The sentences as rows of a task."""
    sides = (("positive", POSITIVE), ("negative", NEGATIVE))
    pairs = [(line, label) for label, text in sides for line in text.strip().splitlines()]
    return [
        {"id": f"h{number:03d}", "query": sentence, "answer": label}
        for number, (sentence, label) in enumerate(pairs, start=1)
    ]
