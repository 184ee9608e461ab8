// A proof of work for the form in front of somebody, found while they type. Without a script the form works too.
const { subtle } = crypto;
const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
const hex = (buffer) => Array.from(new Uint8Array(buffer), (one) => one.toString(16).padStart(2, "0")).join("");

async function solved(challenge) {
  const { nonce, salt, cost, keyLength, keyPrefix } = challenge.parameters;
  const password = new Uint8Array([...bytes(nonce), 0, 0, 0, 0]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations: cost };
  for (let counter = 0; ; counter++) {
    new DataView(password.buffer).setUint32(16, counter);
    const key = await subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const derivedKey = hex(await subtle.deriveBits(how, key, keyLength * 8));
    if (derivedKey.startsWith(keyPrefix)) return btoa(JSON.stringify({ challenge, solution: { counter, derivedKey } }));
  }
}

for (const field of subtle ? document.querySelectorAll("input[data-proof]") : []) {
  let found, until;
  const forget = () => { found = until = 0; field.value = "?"; };
  const prove = () => found ||= (async () => {
    try {
      const challenge = await (await fetch(field.dataset.proof)).json();
      field.value = await solved(challenge);
      until = challenge.parameters.expiresAt * 1e3 - 3e4;
    } catch {
      field.value = "";
      until = Infinity;
    }
  })();
  forget();
  field.form.addEventListener("focusin", prove);
  field.form.addEventListener("submit", async (event) => {
    if (until > Date.now()) return;
    event.preventDefault();
    if (until) forget();
    await prove();
    field.form.requestSubmit(event.submitter);
  });
  addEventListener("pageshow", (event) => event.persisted && forget());
}
