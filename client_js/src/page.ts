/** The page around the cards: picker, refusals, list, and the bar at the bottom. */

import { Announcer } from './announce.ts';
import { type Actions, Card } from './card.ts';
import type { Config } from './config.ts';
import { find, listItem, setText } from './dom.ts';
import { count } from './format.ts';
import { type Photo, underWay } from './photo.ts';
import { acceptList, limitsText } from './validate.ts';
import { type Description, summary, totals } from './words.ts';

export interface Doings {
  chosen(files: readonly File[]): void;
  submitted(): void;
}

export class Page {
  readonly announcer = new Announcer(find(document, '#announcer', HTMLElement));
  private readonly picker = find(document, '#picker', HTMLInputElement);
  private readonly invitation = find(document, 'label[for=picker]', HTMLElement);
  private readonly limits = find(document, '#limits', HTMLElement);
  private readonly refusals = find(document, '#refusals', HTMLElement);
  private readonly list = find(document, '#photos', HTMLUListElement);
  private readonly bottom = find(document, '#bottom', HTMLElement);
  private readonly total = find(document, '#total', HTMLProgressElement);
  private readonly summary = find(document, '#summary', HTMLElement);
  private readonly upload = find(document, '#upload', HTMLButtonElement);
  private readonly cards = new Map<Photo, Card>();

  /** What stands in place of the limits while the server does not answer. */
  showConnecting(text: string): void {
    setText(this.limits, text);
  }

  /** Opens the picker for files within the server's limits. */
  open(config: Config, doings: Doings): void {
    setText(this.limits, limitsText(config));
    this.picker.accept = acceptList(config.types);
    this.picker.disabled = false;
    this.picker.addEventListener('change', () => {
      const files = [...(this.picker.files ?? [])];
      this.picker.value = ''; // so that the same file can be chosen again
      doings.chosen(files);
    });
    this.upload.addEventListener('click', () => doings.submitted());
    this.takeDrops(doings);
  }

  showRefusals(refusals: readonly string[]): void {
    this.refusals.replaceChildren(...refusals.map(listItem));
    this.refusals.hidden = refusals.length === 0;
  }

  addCard(photo: Photo, actions: Actions): void {
    setText(this.invitation, 'Choose more photos');
    const card = new Card(photo, actions);
    this.cards.set(photo, card);
    this.list.append(card.element);
  }

  showCard(photo: Photo): Description | null {
    return this.cards.get(photo)?.show() ?? null;
  }

  /** Takes a card away; focus goes to its neighbour, or back to the picker. */
  removeCard(photo: Photo, next: Photo | undefined): void {
    this.cards.get(photo)?.element.remove();
    this.cards.delete(photo);
    const neighbour = next && this.cards.get(next);
    if (neighbour) neighbour.focus();
    else this.picker.focus();
  }

  /** The bar at the bottom, about the photos of the current batch. */
  showTotals(photos: readonly Photo[]): void {
    const chosen = photos.filter((photo) => photo.stage.name === 'chosen').length;
    const busy = photos.some(underWay);
    const { done, whole } = totals(photos);
    this.bottom.hidden = photos.length === 0;
    this.total.hidden = !busy;
    this.total.max = Math.max(whole, 1);
    this.total.value = done;
    setText(this.summary, summary(photos));
    this.upload.disabled = chosen === 0;
    this.upload.hidden = chosen === 0 && !busy;
    setText(this.upload, chosen > 0 ? `Upload ${count(chosen, 'photo')}` : 'Uploading…');
  }

  private takeDrops(doings: Doings): void {
    const over = (event: DragEvent, inside: boolean): void => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      document.body.classList.toggle('dropping', inside);
    };
    document.addEventListener('dragover', (event) => over(event, true));
    document.addEventListener('dragleave', (event) => {
      if (event.relatedTarget === null) over(event, false);
    });
    document.addEventListener('drop', (event) => {
      over(event, false);
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length > 0) doings.chosen(files);
    });
  }
}
