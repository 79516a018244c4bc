import { useRef, useState } from 'preact/hooks';
import { act } from './api.js';
import { html } from './dom.js';
import { useBridge } from './state.js';

const roles = ['viewer', 'operator', 'approver'];

/** @param {{ role: string }} me @param {string} role */
export const may = (me, role) => roles.indexOf(me.role) >= roles.indexOf(role);

/** A time, in the reader's own zone; the exact one on demand. */
export function Time({ at }) {
  if (!at) return html`<span class="quiet">–</span>`;
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  const shown = isToday ? date.toLocaleTimeString() : date.toLocaleString();
  return html`<time datetime=${at} title=${at}>${shown}</time>`;
}

export function Status({ status }) {
  return html`<span class=${`status is-${status}`}>${status}</span>`;
}

export function Failure({ failure }) {
  return failure ? html`<span class="failure"><code>${failure.code}</code> ${failure.message}</span>` : null;
}

export function Notice({ children }) {
  return html`<p class="notice" role="status">${children}</p>`;
}

/** An answer that is on its way, failed, or has come. */
export function Loaded({ answer, children }) {
  if (answer.error) return html`<${Notice}>${answer.error}<//>`;
  return answer.data ? children(answer.data) : html`<p class="quiet">…</p>`;
}

export function IntentTable({ intents, empty, actions = null }) {
  if (intents.length === 0) return html`<${Notice}>${empty}<//>`;
  return html`<ul class="cards">
    ${intents.map(
      (intent) => html`<li key=${intent.id} class="card">
        <div class="card-main">
          <a href=${`#/intents/${encodeURIComponent(intent.id)}`}>
            <strong>${intent.action}</strong> <span class="who">${intent.userIdType}:${intent.userId}</span>
          </a>
          <${Status} status=${intent.status} />
          <${Failure} failure=${intent.failure} />
        </div>
        <div class="card-side quiet">
          <span>from ${intent.source}</span> <${Time} at=${intent.receivedAt} />
          ${intent.dueAt && intent.status === 'scheduled' && html`<span>due <${Time} at=${intent.dueAt} /></span>`}
        </div>
        ${actions?.(intent)}
      </li>`,
    )}
  </ul>`;
}

/**
 * A button that asks once more, with a reason, before it decides.
 * @param {{ label: string, title: string, path: string, role: string, danger?: boolean, hasReason?: boolean,
 *   body?: object }} props
 */
export function Decide({ label, title, path, role, danger = false, hasReason = true, body = {} }) {
  const { me, refresh, onRefusal } = useBridge();
  const dialog = useRef(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {string | null} */ (null));
  const [busy, setBusy] = useState(false);
  if (!may(me, role)) return null;
  const submit = async (event) => {
    event.preventDefault();
    const reason = new FormData(event.target).get('reason');
    setBusy(true);
    try {
      await act(path, { ...body, ...(reason ? { reason } : {}) });
      dialog.current.close();
      refresh();
    } catch (refused) {
      onRefusal(refused);
      setError(refused.message);
    }
    setBusy(false);
  };
  const open = () => {
    setError(null);
    dialog.current.showModal();
  };
  return html`<button type="button" class=${danger ? 'danger' : ''} onClick=${open}>${label}</button>
    <dialog ref=${dialog} aria-label=${title}>
      <form onSubmit=${submit}>
        <h2>${title}</h2>
        ${hasReason && html`<label>Reason <input name="reason" maxlength="1000" autocomplete="off" /></label>`}
        ${error && html`<${Notice}>${error}<//>`}
        <div class="buttons">
          <button type="button" class="plain" onClick=${() => dialog.current.close()}>Back</button>
          <button type="submit" class=${danger ? 'danger' : 'primary'} disabled=${busy}>${label}</button>
        </div>
      </form>
    </dialog>`;
}
