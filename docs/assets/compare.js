// The before/after sliders of the landing page: a range input moves the edge between two pictures.
for (const figure of document.querySelectorAll(".compare")) {
  const input = figure.querySelector("input");
  const show = () => figure.style.setProperty("--edge", `${input.value}%`);
  input.addEventListener("input", show);
  show();
}

// Who prefers reduced motion starts films by hand.
if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
  for (const film of document.querySelectorAll("video[autoplay]")) {
    film.autoplay = false;
    film.pause();
  }
}
