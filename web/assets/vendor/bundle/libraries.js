// What charts.js uses. A name that is not listed here is not part of the bundle.
export * as Plot from "./plot.js";
export * as d3 from "./d3.js";
