// Draws the chart of a page from the data beside it, in the page's own colours, and again when the data changes.
"use strict";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
let drawn = { text: "", chart: null };

const draw = () => {
  const canvas = document.getElementById("chart");
  const text = document.getElementById("chart-data")?.dataset.chart;
  if (!canvas || !text || (text === drawn.text && drawn.chart?.canvas === canvas)) return;
  const { labels, series } = JSON.parse(text);
  const palette = ["--color-primary", "--color-warning", "--color-success", "--color-error", "--color-secondary", "--color-accent", "--color-info"];
  const ink = colour("--color-base-content");
  const datasets = series.map(({ label, data }, index) => ({ label, data, backgroundColor: colour(palette[index % palette.length]), borderWidth: 0 }));
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches || drawn.chart !== null;
  drawn.chart?.destroy();
  const axis = (stacked) => ({ stacked, ticks: { color: ink, maxRotation: 0, autoSkipPadding: 12, precision: 0 }, grid: { display: false } });
  drawn = {
    text,
    chart: new Chart(canvas, {
      type: "bar",
      data: { labels, datasets },
      options: {
        maintainAspectRatio: false,
        animation: still ? false : { duration: 300 },
        interaction: { mode: "index", intersect: false },
        plugins: { legend: { position: "bottom", labels: { color: ink, boxWidth: 12 } } },
        scales: { x: axis(true), y: { ...axis(true), beginAtZero: true } },
      },
    }),
  };
};

document.addEventListener("DOMContentLoaded", draw);
document.addEventListener("htmx:afterSwap", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { drawn.text = ""; draw(); });
