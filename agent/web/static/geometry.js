// Lines and shapes in the pixels of the picture; no page.

export const path = (points, closed) => `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}${closed ? "Z" : ""}`;

// The point half way along a line, and the direction (unit length) there.
export function halfway(points) {
  const legs = points.slice(1).map((end, i) => [points[i], end, Math.hypot(end[0] - points[i][0], end[1] - points[i][1]) || 1e-6]);
  let rest = legs.reduce((sum, leg) => sum + leg[2], 0) / 2;
  const leg = legs.find(([, , length]) => (rest -= length) <= 0) ?? legs[legs.length - 1];
  const [start, end, length] = leg;
  const along = (rest + length) / length;
  const step = [end[0] - start[0], end[1] - start[1]];
  return [[start[0] + step[0] * along, start[1] + step[1] * along], [step[0] / length, step[1] / length]];
}

// The arrow of a line that leads in: to the right hand of somebody who walks along it; y points down.
// `beside(side, along)` is a point so many pixels in of its middle, and so many along the line.
export function inward(points, reach) {
  const [middle, [dx, dy]] = halfway(points);
  const beside = (side, along = 0) => [middle[0] - dy * side + dx * along, middle[1] + dx * side + dy * along];
  const barb = reach * 0.3;
  const arrow = path([middle, beside(reach)], false) + path([beside(reach - barb, barb), beside(reach), beside(reach - barb, -barb)], false);
  return { arrow, beside };
}
