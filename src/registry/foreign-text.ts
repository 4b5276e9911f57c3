// Text that a registry sent and people will see in a terminal.

const longestText = 2000;

/** The text on one line, without what steers a terminal or turns the direction of reading. */
export function plainText(text: string): string {
  return text
    .slice(0, longestText)
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
