"""Write page.html, the page of `dvc plots show`, with Vega inside so that it needs no network.

    pip install vl-convert-python && python .dvc/plots/make_page.py

DVC's own page loads Vega from a CDN and stays blank without one (dvc#5679).
"""

from pathlib import Path

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>seqstudy: dvc plots</title>
<!-- Written by make_page.py. The script is Vega, Vega-Lite and Vega-Embed: BSD 3-Clause License,
copyright University of Washington Interactive Data Lab. -->
<script>%s</script>
<style>
body {font-family: sans-serif; max-width: 75em; margin: 2em auto; padding: 0 1em}
summary {font-size: 1.2em; margin: .7em 0; cursor: pointer}
main div {border: none !important; margin: 0 !important}
img {max-width: 100%%}
</style>
</head>
<body>
<main>
{plot_divs}
</main>
<script>
// DVC has the plots in the order of dvc.yaml. What compares comes first here, the rest is folded by kind.
const kinds = [
  ["Accuracy", /^reports_comparisons_.*_accuracy_svg$/],
  ["Learning curves of comparisons", /^reports_comparisons_.*_curves_svg$/],
  ["Other figures of comparisons", /^reports_comparisons_/],
  ["Accuracy as bars", /^reports_tables_/],
  ["Learning curve of each recipe", /^reports_history_/],
  ["Confusion", /^reports_confusion_/],
  ["Accuracy by length and by unknown words", /^reports_slices_/],
  ["Others", /./],
];
const main = document.querySelector("main");
let plots = [...main.children];
for (const [title, ids] of kinds) {
  const own = plots.filter((plot) => ids.test(plot.id));
  plots = plots.filter((plot) => !own.includes(plot));
  if (!own.length) continue;
  const section = document.createElement("details");
  section.open = !main.querySelector("main > details");
  section.append(document.createElement("summary"), ...own);
  section.firstChild.textContent = `${title} (${own.length})`;
  main.append(section);
}
</script>
</body>
</html>
"""

if __name__ == "__main__":
    import vl_convert

    # in a script element, "</script" would end it
    bundle = vl_convert.javascript_bundle().replace("</script", "<\\/script")
    Path(__file__).with_name("page.html").write_text(PAGE % bundle, encoding="utf-8")
