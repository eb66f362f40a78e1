// k6: a virtual user a device, each asleep until the round's instant on the wall clock.
import http from "k6/http";
import { fail, sleep } from "k6";

const lanes = Number(__ENV.LANES);
const rounds = Number(__ENV.ROUNDS);
const interval_ms = 1000 * (Number(__ENV.PAUSE_S) + 0.25 + lanes / 1000);
const scan = __ENV.URL + __ENV.SCAN_PATH;
const headers = { "content-type": "application/json", ...JSON.parse(__ENV.HEADERS) };

export const options = {
  scenarios: {
    gates: { executor: "per-vu-iterations", vus: lanes, iterations: rounds, maxDuration: "5m" },
  },
  discardResponseBodies: true,
};

export function setup() {
  return Date.now() + 1000 + 2 * lanes;
}

export default function (first_ms) {
  if (__ITER === 0) http.get(`${__ENV.URL}/warm`);
  sleep((first_ms + __ITER * interval_ms - Date.now()) / 1000);
  const answer = http.post(scan, __ENV.BODY, { headers });
  if (answer.status !== 200) fail(`answered ${answer.status}`);
}
