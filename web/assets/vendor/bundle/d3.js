export { format, max, min, scaleLinear, scaleUtc, utcFormat } from "d3";
