/** What a file is, by its first bytes: names and the type a browser guesses are not proof. */

/** Bytes that `sniff` needs to see. */
export const SNIFF_BYTES = 64;

const text = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

const starts = (bytes: Uint8Array, ...magic: number[]): boolean =>
  bytes.length >= magic.length && magic.every((byte, index) => bytes[index] === byte);

/** The media type of an image that begins with `bytes`, or null. */
export function sniff(bytes: Uint8Array): string | null {
  if (starts(bytes, 0xff, 0xd8, 0xff)) return 'image/jpeg';
  if (starts(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png';
  if (/^GIF8[79]a/.test(text(bytes, 0, 6))) return 'image/gif';
  if (text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 12) === 'WEBP') return 'image/webp';
  if (text(bytes, 4, 8) === 'ftyp') return sniffBrands(bytes);
  return null;
}

const AVIF_BRANDS = ['avif', 'avis'];
const HEIC_BRANDS = ['heic', 'heix', 'hevc', 'hevx', 'heim', 'heis', 'mif1', 'msf1'];

/**
 * AVIF and HEIC share one container, whose first box lists a major brand, a version and compatible
 * brands (ISO 14496-12). An AVIF may name the general brand `mif1` too, so AVIF goes first.
 */
function sniffBrands(bytes: Uint8Array): string | null {
  const boxSize = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  const end = Math.min(boxSize, bytes.length);
  const brands = new Set([text(bytes, 8, 12)]);
  for (let at = 16; at + 4 <= end; at += 4) brands.add(text(bytes, at, at + 4));
  if (AVIF_BRANDS.some((brand) => brands.has(brand))) return 'image/avif';
  if (HEIC_BRANDS.some((brand) => brands.has(brand))) return 'image/heic';
  return null;
}
