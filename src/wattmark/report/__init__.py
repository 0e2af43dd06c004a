"""Tables, charts, pages and pictures of a run. Only `page`, `charts` and `images` need extras."""
