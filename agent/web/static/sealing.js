// The browser's side of a session: a key that scripts can use but not read, and a signature on every request.

const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const SIGN = { name: "ECDSA", hash: "SHA-256" };
const PER_MS = 4096;
let key = null;
let last = 0;

function store(mode, act) {
  return new Promise((done, fail) => {
    const opening = indexedDB.open("aislewatch", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("keys");
    opening.onerror = () => fail(opening.error);
    opening.onsuccess = () => {
      const asked = act(opening.result.transaction("keys", mode).objectStore("keys"));
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => fail(asked.error);
    };
  });
}

const letters = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// Use the key of this session, or make one where the camera has just let this browser in.
export async function openSession() {
  if (location.protocol !== "https:") return;
  key = await store("readonly", (keys) => keys.get("session")).catch(() => null);
  const pair = await crypto.subtle.generateKey(CURVE, false, ["sign"]);
  const point = letters(await crypto.subtle.exportKey("raw", pair.publicKey));
  const answer = await fetch("/v1/sessions/key", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ key: point }),
  });
  if (answer.ok) {
    key = pair.privateKey;
    await store("readwrite", (keys) => keys.put(key, "session")).catch(() => null);
  } else if (answer.status !== 409) {
    key = null;
  }
}

export async function closeSession() {
  key = null;
  await store("readwrite", (keys) => keys.delete("session")).catch(() => null);
}

async function seal(method, path, body = "") {
  const number = Math.max(last + 1, Date.now() * PER_MS + Math.floor(Math.random() * PER_MS));
  last = number;
  const text = new TextEncoder();
  const digest = hex(await crypto.subtle.digest("SHA-256", text.encode(body)));
  const signed = await crypto.subtle.sign(SIGN, key, text.encode(`${method}\n${path}\n${number}\n${digest}`));
  return `${number}.${letters(signed).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

// The headers that make a request count.
export async function sealed(method, path, body) {
  return key ? { "X-Aislewatch-Seal": await seal(method, path, body) } : {};
}

// An address that counts once, for what the browser loads by itself: pictures, downloads, the WebSocket.
export async function sealedPath(path) {
  return key ? `${path}${path.includes("?") ? "&" : "?"}seal=${await seal("GET", path)}` : path;
}
