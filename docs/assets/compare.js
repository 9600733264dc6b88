// The before/after sliders of the landing page: a range input moves the edge between two pictures.
for (const figure of document.querySelectorAll(".compare")) {
  const input = figure.querySelector("input");
  const show = () => figure.style.setProperty("--edge", `${input.value}%`);
  input.addEventListener("input", show);
  show();
}
