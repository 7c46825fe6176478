// @ts-check
/** Questions to the server; what is wrong becomes an ApiError with the server's own words. */

export class ApiError extends Error {
  /** @param {number} status @param {string} code @param {string} text */
  constructor(status, code, text) {
    super(text);
    this.status = status;
    this.code = code;
  }
}

/** @param {string} path @param {any} [body] @param {AbortSignal} [signal] @returns {Promise<any>} */
export async function ask(path, body, signal) {
  const how = body === undefined ? { signal } : { method: 'POST', headers: { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID ? crypto.randomUUID() : String(Math.random()) + Date.now() }, body: JSON.stringify(body), signal };
  let answer;
  try {
    answer = await fetch('api/v1' + path, how);
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e;
    throw new ApiError(0, 'no_server', 'The server does not answer.');
  }
  if (answer.status === 204) return null;
  let value = null;
  try {
    value = await answer.json();
  } catch {
    throw new ApiError(answer.status, 'failed', `The server answered with ${answer.status}.`);
  }
  if (!answer.ok) throw new ApiError(answer.status, value.error?.code || 'failed', value.error?.text || `The server answered with ${answer.status}.`);
  return value;
}
