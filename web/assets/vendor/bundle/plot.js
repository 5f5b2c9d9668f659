export { areaY, arrow, axisX, axisY, barY, dot, gridX, gridY, lineY, plot, pointerX, rect, ruleX, ruleY, text, tip } from "@observablehq/plot";
