// Identifiers of containers, networks, execs and the like.

/** 64 random hex digits; the first twelve are never all decimal, so that a short id cannot pass for a number. */
export function newId(): string {
  for (;;) {
    const bytes = globalThis.crypto.getRandomValues(new Uint8Array(32));
    const id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    if (!/^\d{12}/.test(id)) return id;
  }
}
