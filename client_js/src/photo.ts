/** One chosen file and what is known of it: the state that the page shows. */

import type { Trouble } from './retry.ts';
import { type Status, ended, over } from './status.ts';

export type Stage =
  | { readonly name: 'chosen' }
  | { readonly name: 'queued' }
  | { readonly name: 'sending' }
  | { readonly name: 'waiting'; readonly why: Trouble }
  | { readonly name: 'stopped'; readonly message: string; readonly final: boolean }
  /** Every byte is acknowledged; the rest is in the status. */
  | { readonly name: 'stored' };

export interface Photo {
  readonly file: File;
  /** Media type. */
  readonly type: string;
  readonly batch: string;
  stage: Stage;
  /** Bytes the server has acknowledged. */
  acknowledged: number;
  /** The upload on the server: its address and its id. */
  url: string | null;
  uploadId: string | null;
  /** Whether the server had lost the upload, so that it began again. */
  restarted: boolean;
  status: Status | null;
}

export function newPhoto(file: File, type: string, batch: string): Photo {
  return {
    file,
    type,
    batch,
    stage: { name: 'chosen' },
    acknowledged: 0,
    url: null,
    uploadId: null,
    restarted: false,
    status: null,
  };
}

/** Whether bytes of it are on their way, or will be without anybody pressing a button. */
export function underWay(photo: Photo): boolean {
  return ['queued', 'sending', 'waiting'].includes(photo.stage.name);
}

/** Whether the person's part is over: sent, or impossible to send. */
export function settled(photo: Photo): boolean {
  return photo.stage.name === 'stored' || (photo.stage.name === 'stopped' && photo.stage.final);
}

/** Whether the server has the whole file and keeps it. */
export function kept(photo: Photo): boolean {
  return photo.stage.name === 'stored' && (photo.status === null || !over(photo.status));
}

/** Whether nothing about it will change by itself. */
export function finished(photo: Photo): boolean {
  if (photo.stage.name === 'stored') return photo.status !== null && ended(photo.status);
  return photo.stage.name === 'stopped';
}
