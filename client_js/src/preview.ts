/** Small pictures of chosen files, decoded two at a time: phones run out of memory otherwise. */

import { Queue } from './queue.ts';

const decoding = new Queue(2);

/** Pixels that a decoded file is shrunk to before it is drawn. */
const DECODED_WIDTH = 320;

/** Draws `file` into `canvas`, cropped to fill it. Resolves with false if it cannot be shown. */
export function drawPreview(file: File, canvas: HTMLCanvasElement): Promise<boolean> {
  return new Promise((resolve) => {
    decoding.add(async () => {
      try {
        await draw(file, canvas);
        resolve(true);
      } catch {
        resolve(false); // no picture, or none that this browser can decode, such as HEIC
      }
    });
  });
}

async function draw(file: File, canvas: HTMLCanvasElement): Promise<void> {
  const options = { resizeWidth: DECODED_WIDTH, resizeQuality: 'medium' } as const;
  const bitmap = await createImageBitmap(file, options);
  try {
    const scale = Math.max(canvas.width / bitmap.width, canvas.height / bitmap.height);
    const width = bitmap.width * scale;
    const height = bitmap.height * scale;
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('no canvas');
    context.drawImage(
      bitmap,
      (canvas.width - width) / 2,
      (canvas.height - height) / 2,
      width,
      height,
    );
  } finally {
    bitmap.close();
  }
}
