// Somebody 1.7 m tall at places on the floor, as a camera sees them that hangs as is said; no page.

const TALL_M = 1.7;
// Half the width of a body at heights, as shares of its height, from the feet up.
const BODY = [[0.07, 0], [0.09, 0.3], [0.11, 0.52], [0.13, 0.82], [0.05, 0.86], [0.06, 0.94], [0.03, 1]];
const STEP_M = 1.2;
const SIDES = 6;
const [ROWS, FARTHER] = [4, 1.4];
const [FIRST_M, SEARCH_M, LAST_M] = [0.5, 0.1, 20];
const NEAREST_M = 0.3;

// A camera as it hangs: where points are seen, `side` to the right of it, `depth` before it and `up` over the floor,
// all in metres; null behind it.
export function camera({ height_m: high, tilt_deg: tilt, view_deg: view }, aspect) {
  const focal = aspect / 2 / Math.tan((view * Math.PI) / 360);
  const [down, along] = [Math.sin((tilt * Math.PI) / 180), Math.cos((tilt * Math.PI) / 180)];
  return (side, depth, up) => {
    const below = high - up;
    const away = depth * along + below * down;
    if (away < NEAREST_M) return null;
    return [0.5 + (focal * side) / away / aspect, 0.5 + (focal * (below * along - depth * down)) / away];
  };
}

// Outlines (corners 0..1) of people in some rows, from far to near, all with feet and head in the picture. The nearest
// row is where somebody first fits into it.
export function standing(mount, aspect) {
  const seen = camera(mount, aspect);
  const fits = (side, depth) => isInside(seen(side, depth, 0)) && isInside(seen(side, depth, TALL_M));
  let nearest = FIRST_M;
  while (nearest < LAST_M && !fits(0, nearest)) nearest += SEARCH_M;
  const found = [];
  for (let row = ROWS - 1; row >= 0; row -= 1) {
    const depth = nearest * FARTHER ** row;
    for (let place = -SIDES; place <= SIDES; place += 1) {
      if (fits(place * STEP_M, depth)) found.push(outline(seen, place * STEP_M, depth));
    }
  }
  return found;
}

function outline(seen, side, depth) {
  const edge = (way) => BODY.map(([half, up]) => seen(side + way * half * TALL_M, depth, up * TALL_M));
  return [...edge(1), ...edge(-1).reverse()];
}

const isInside = (point) => point !== null && point.every((part) => part > 0 && part < 1);
