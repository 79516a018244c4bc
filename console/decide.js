import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { act, Refusal } from './api.js';
import { html } from './dom.js';
import { Notice } from './parts.js';
import { useBridge } from './state.js';

const roles = ['viewer', 'operator', 'approver'];

/** @param {{ role: string }} me @param {string} role */
const may = (me, role) => roles.indexOf(me.role) >= roles.indexOf(role);

/**
 * What is asked once more before it is done: `title` begins with the words of the button, `text` says what comes of
 * it, `told` what is said when it is done.
 * @typedef {{ label: string, title: string, path: string, body?: object, text?: string, danger?: boolean,
 *   reason?: 'none' | 'optional' | 'required', told?: (answer: any) => string }} Question
 */

/**
 * A button for those who may; what it is about stays as it was when it was pressed.
 * @param {Question & { role: string }} props
 */
export function Decide({ role, ...question }) {
  const { me, ask } = useBridge();
  if (!may(me, role)) return null;
  const { label, title, danger } = question;
  return html`<button type="button" class=${danger ? 'danger' : ''} aria-label=${title} onClick=${() => ask(question)}>${label}</button>`;
}

/**
 * The dialog of a question. Part of the page and not of what is decided about, which may change or go meanwhile.
 * @param {{ question: Question, onEnd: (told?: string) => void }} props
 */
export function Dialog({ question, onEnd }) {
  const { onRefusal, refresh } = useBridge();
  const dialog = useRef(/** @type {any} */ (null));
  const told = useRef(/** @type {string | undefined} */ (undefined));
  const [error, setError] = useState(/** @type {string | null} */ (null));
  const [busy, setBusy] = useState(false);
  useLayoutEffect(() => dialog.current.showModal(), []);
  const { label, title, text, path, body, danger, reason = 'optional' } = question;
  const submit = async (event) => {
    event.preventDefault();
    const given = String(new FormData(event.target).get('reason') ?? '').trim();
    setBusy(true);
    try {
      const answer = await act(path, { ...body, ...(given && { reason: given }) });
      told.current = question.told?.(answer) ?? 'Done.';
      dialog.current.close();
    } catch (refused) {
      onRefusal(refused);
      setError(
        refused instanceof Refusal && refused.status > 0 ? `Not done: ${refused.message}.` : refused.message,
      );
      setBusy(false);
    }
    refresh();
  };
  return html`<dialog ref=${dialog} aria-labelledby="question" onClose=${() => onEnd(told.current)}>
    <form onSubmit=${submit}>
      <h2 id="question">${title}</h2>
      ${text && html`<p>${text}</p>`}
      ${
        reason !== 'none' &&
        html`<label>${reason === 'required' ? 'Reason' : 'Reason (optional)'}
          <input name="reason" maxlength="1000" autocomplete="off" pattern=".*\\S.*" required=${reason === 'required'} /></label>`
      }
      ${error && html`<${Notice} role="alert">${error}<//>`}
      <div class="buttons">
        <button type="button" class="plain" onClick=${() => dialog.current.close()}>Back</button>
        <button type="submit" class=${danger ? 'danger' : 'primary'} disabled=${busy}>${label}</button>
      </div>
    </form>
  </dialog>`;
}
