/** The server's refusals (`code: message`) in plain words. */

const WORDS: Readonly<Record<string, string>> = {
  'too-large': 'This file is larger than the server accepts.',
  'unsupported-type': 'The server does not accept files of this type.',
  'batch-full': 'The server accepts no more files in this batch. Remove one, then retry.',
  unauthorized: 'You are not signed in, or no longer.',
  forbidden: 'You are not allowed to upload here.',
};

/** Longest message of a server that is shown. */
const MESSAGE_LIMIT = 200;

export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** Takes `code: message` apart; null for any other text, such as a proxy's HTML page. */
export function parseRefusal(body: string): Refusal | null {
  const match = /^([a-z][a-z0-9_-]*): (.+)$/s.exec(body.trim());
  if (match === null) return null;
  const [, code = '', message = ''] = match;
  return { code, message: message.slice(0, MESSAGE_LIMIT) };
}

/** One sentence for a person about an answer that ends an upload. */
export function plainWords(status: number, body: string): string {
  const refusal = parseRefusal(body);
  if (refusal === null) return `The server refused this file (status ${status}).`;
  return WORDS[refusal.code] ?? `The server refused this file: ${sentence(refusal.message)}`;
}

/** `text` with a capital letter and a full stop. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  const capital = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
