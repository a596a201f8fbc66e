// Draws the charts in the place of their stills, and switches methods on and off.
const specifications = JSON.parse(document.getElementById("charts").textContent);
const config = JSON.parse(document.getElementById("config").textContent);
const options = { renderer: "svg", actions: false, config, tooltip: { theme: "custom" } };
const hidden = new Set();
let drawn = [];

async function embedded([id, specification]) {
  const box = document.getElementById(id);
  const still = box.firstElementChild;
  try {
    return await window.vegaEmbed(box, specification, options);
  } catch (error) {
    // Better a chart that cannot be hovered over than none.
    box.replaceChildren(still);
    console.error(error);
    return [];
  }
}

async function draw() {
  drawn = (await Promise.all(Object.entries(specifications).map(embedded))).flat();
  // The group around the panels says what they show, and the tables hold the numbers; marks that
  // only call themselves marks would be noise to a screen reader.
  document.querySelectorAll(".chart svg").forEach((svg) => svg.setAttribute("aria-hidden", "true"));
  switchMethods();
  document.body.dataset.drawn = drawn.length;
}

function switchMethods() {
  for (const { view, vgSpec } of drawn) {
    if (vgSpec.signals?.some((signal) => signal.name === "hidden")) {
      view.signal("hidden", [...hidden]).runAsync();
    }
  }
  for (const button of document.querySelectorAll("[data-method]")) {
    button.setAttribute("aria-pressed", String(!hidden.has(button.dataset.method)));
    button.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  const method = event.target.closest("[data-method]")?.dataset.method;
  if (method === undefined) return;
  if (!hidden.delete(method)) hidden.add(method);
  switchMethods();
});

// Narrow the charts to one task, and the trade-off curves to one axis of cost.
const picks = document.querySelector(".picks");
function pick() {
  for (const { dataset, value } of picks.querySelectorAll("select")) {
    for (const box of document.querySelectorAll(`[data-${dataset.pick}]`)) {
      box.hidden = value !== "" && box.dataset[dataset.pick] !== value;
    }
  }
  // What is left has another width.
  window.dispatchEvent(new Event("resize"));
}
picks.addEventListener("change", pick);
picks.hidden = false;
// They stay in sight where there is a chart that they narrow, and leave tables alone.
const near = new Set();
const watch = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) near.add(target);
    else near.delete(target);
  }
  picks.classList.toggle("near", near.size > 0);
});
document.querySelectorAll("[data-task]").forEach((box) => watch.observe(box));

// A link may lead into what is folded away.
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) {
    box.open = true;
  }
  target.scrollIntoView();
}
window.addEventListener("hashchange", reveal);
reveal();
await draw();
