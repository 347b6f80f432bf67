/** Paths are bytes. As text they are escaped, valid UTF-8 as it is and every other byte as \xNN; in addresses they are base64url. */

const hexByte = /^\\x([0-9a-fA-F]{2})/;

/** The bytes that an escaped text stands for. */
export function unescapePath(text: string): Uint8Array {
  const encoder = new TextEncoder();
  const parts: number[] = [];
  for (let i = 0; i < text.length; ) {
    const hex = hexByte.exec(text.slice(i, i + 4));
    if (hex) {
      parts.push(parseInt(hex[1] ?? '', 16));
      i += 4;
    } else {
      const letter = String.fromCodePoint(text.codePointAt(i) ?? 0);
      parts.push(...encoder.encode(letter));
      i += letter.length;
    }
  }

  return Uint8Array.from(parts);
}

/** Bytes as base64url without padding. */
export function toBase64Url(value: Uint8Array): string {
  let binary = '';
  value.forEach((byte) => (binary += String.fromCharCode(byte)));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** The bytes of base64url. */
export function fromBase64Url(text: string): Uint8Array {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

/** An escaped path as it stands in an address; nothing for the root. */
export function pathAddress(escaped: string): string {
  return escaped === '/' ? '' : toBase64Url(unescapePath(escaped));
}

/** The path of something in a directory; both escaped. */
export function join(directory: string, name: string): string {
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`;
}

/** The directories on the way to an escaped path, the root first. */
export function trail(path: string): { name: string; path: string }[] {
  const steps = [{ name: '/', path: '/' }];
  let at = '';
  for (const name of path.split('/').filter((part) => part !== '')) {
    at += `/${name}`;
    steps.push({ name, path: at });
  }

  return steps;
}

/** The directory that an escaped path is in, and its name there. */
export function splitLast(path: string): { directory: string; name: string } {
  const at = path.lastIndexOf('/');
  return { directory: at <= 0 ? '/' : path.slice(0, at), name: path.slice(at + 1) };
}
