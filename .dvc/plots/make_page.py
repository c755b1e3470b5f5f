"""Write page.html, the page of `dvc plots show`, with Vega inside so that it needs no network.

    pip install vl-convert-python && python .dvc/plots/make_page.py

DVC's own page loads Vega from a CDN and stays blank without one (dvc#5679).
"""

from pathlib import Path

import vl_convert

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>seqstudy: dvc plots</title>
<!-- Written by make_page.py. The script is Vega, Vega-Lite and Vega-Embed: BSD 3-Clause License,
copyright University of Washington Interactive Data Lab. -->
<script>%s</script>
<style>body {font-family: sans-serif; max-width: 75em; margin: 2em auto} img {max-width: 100%%}</style>
</head>
<body>
{plot_divs}
</body>
</html>
"""

if __name__ == "__main__":
    # in a script element, "</script" would end it
    bundle = vl_convert.javascript_bundle().replace("</script", "<\\/script")
    Path(__file__).with_name("page.html").write_text(PAGE % bundle, encoding="utf-8")
