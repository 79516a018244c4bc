import htm from 'htm';
import { h } from 'preact';

/** Markup without a build: text and attributes go in as values, never as markup. */
export const html = htm.bind(h);
