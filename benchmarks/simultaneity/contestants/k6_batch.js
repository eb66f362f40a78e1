// k6: one virtual user whose http.batch sends the requests of all devices.
import http from "k6/http";
import { fail, sleep } from "k6";

const lanes = Number(__ENV.LANES);
const scan = __ENV.URL + __ENV.SCAN_PATH;
const headers = { "content-type": "application/json", ...JSON.parse(__ENV.HEADERS) };

export const options = {
  vus: 1,
  iterations: Number(__ENV.ROUNDS),
  batch: lanes,
  batchPerHost: lanes, // which is also how many idle connections it keeps
  discardResponseBodies: true,
};

function all(method, url, body, params) {
  return Array.from({ length: lanes }, () => [method, url, body, params]);
}

export default function () {
  if (__ITER === 0) http.batch(all("GET", `${__ENV.URL}/bench/together/${lanes}`));
  for (const answer of http.batch(all("POST", scan, __ENV.BODY, { headers }))) {
    if (answer.status !== 200) fail(`answered ${answer.status}`);
  }
  sleep(Number(__ENV.PAUSE_S));
}
