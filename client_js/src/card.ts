/** The card of one photo: preview, state, bar, buttons and, in the end, its variants. */

import { copy, find, listItem, setText } from './dom.ts';
import { size } from './format.ts';
import type { Photo } from './photo.ts';
import { drawPreview } from './preview.ts';
import type { Status, Variant } from './status.ts';
import { typeName } from './validate.ts';
import { type Description, describe, variantFacts, variantName } from './words.ts';

export interface Actions {
  again(): void;
  remove(): void;
}

export class Card {
  readonly element = copy('#card');
  private readonly state = find(this.element, '.state', HTMLElement);
  private readonly bar = find(this.element, 'progress', HTMLProgressElement);
  private readonly againButton = find(this.element, '.again', HTMLButtonElement);
  private readonly removeButton = find(this.element, '.remove', HTMLButtonElement);
  private readonly results = find(this.element, '.results', HTMLElement);
  private shown: Status | null = null;

  constructor(
    private readonly photo: Photo,
    actions: Actions,
  ) {
    const { file, type } = photo;
    setText(find(this.element, '.name', HTMLElement), file.name);
    setText(find(this.element, '.size', HTMLElement), size(file.size));
    setText(find(this.element, '.kind', HTMLElement), typeName(type));
    this.element.setAttribute('aria-label', file.name);
    this.bar.setAttribute('aria-label', `Upload of ${file.name}`);
    this.bar.max = file.size;
    this.againButton.addEventListener('click', () => actions.again());
    this.removeButton.addEventListener('click', () => actions.remove());
    this.show();
    void this.preview();
  }

  /** Bring the card up to date; returns what it says now. */
  show(): Description {
    const description = describe(this.photo);
    this.element.dataset['state'] = description.state;
    this.element.dataset['tone'] = description.tone;
    setText(this.state, description.text);
    this.bar.hidden = !description.bar;
    this.bar.value = this.photo.acknowledged;
    this.label(this.removeButton, description.remove);
    this.againButton.hidden = description.again === null;
    if (description.again !== null) {
      setText(this.againButton, description.again);
      this.label(this.againButton, description.again);
    }
    if (this.photo.stage.name === 'stored') this.showResults(this.photo.status);
    return description;
  }

  /** Focus for whoever works without a pointer, after another card has gone. */
  focus(): void {
    this.element.focus();
  }

  /** Names buttons in full, for those who hear them one by one. */
  private label(button: HTMLButtonElement, verb: string): void {
    button.title = verb;
    button.setAttribute('aria-label', `${verb} ${this.photo.file.name}`);
  }

  private async preview(): Promise<void> {
    const thumb = find(this.element, '.thumb', HTMLElement);
    const canvas = find(thumb, 'canvas', HTMLCanvasElement);
    const drawn = await drawPreview(this.photo.file, canvas);
    canvas.hidden = !drawn;
    thumb.dataset['preview'] = drawn ? 'drawn' : 'none';
  }

  private showResults(status: Status | null): void {
    if (status === null || status === this.shown || status.original === null) return;
    this.shown = status;
    const original = find(this.element, '.original', HTMLAnchorElement);
    original.href = status.original;
    original.hidden = false;
    if (this.results.childElementCount === 0) {
      this.results.append(...status.variants.map((variant) => this.result(variant)));
    }
    this.results.hidden = status.variants.length === 0;
  }

  private result(variant: Variant): HTMLElement {
    const { name } = this.photo.file;
    const element = copy('#result');
    element.dataset['variant'] = variant.name;
    const picture = find(element, 'img', HTMLImageElement);
    picture.width = variant.width;
    picture.height = variant.height;
    picture.src = variant.url;
    picture.alt = `${variantName(variant)} of ${name}`;
    setText(find(element, '.variant', HTMLElement), variantName(variant));
    find(element, '.facts', HTMLElement).append(...variantFacts(variant).map(listItem));
    find(element, '.open', HTMLAnchorElement).href = variant.url;
    const download = find(element, '.download', HTMLAnchorElement);
    download.href = withDownload(variant.url);
    download.setAttribute('aria-label', `Download: ${variantName(variant)} of ${name}`);
    return element;
  }
}

function withDownload(url: string): string {
  const address = new URL(url);
  address.searchParams.set('download', '1');
  return address.href;
}
