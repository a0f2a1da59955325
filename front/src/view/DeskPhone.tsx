// SPDX-License-Identifier: EUPL-1.2
/** The account of a desk telephone, until it is connected. */
import type { JSX } from "preact";
import type { ViewProps } from "./App";

export function DeskPhone({ desk }: ViewProps): JSX.Element | null {
  const { account, say, state } = desk;
  if (state?.device.kind !== "telephone" || state.device.connected || account === null) return null;
  const server = account.sip ?? account.uri.slice(account.uri.indexOf("@") + 1);
  return (
    <div class="desk-account">
      <h2 class="kern-heading-small">{say("desk_phone.title")}</h2>
      <p class="kern-body kern-body--small">{say("desk_phone.text")}</p>
      <dl class="desk-facts">
        <div>
          <dt>{say("desk_phone.server")}</dt>
          <dd>{server}</dd>
        </div>
        <div>
          <dt>{say("desk_phone.user")}</dt>
          <dd>{account.user}</dd>
        </div>
        <div>
          <dt>{say("desk_phone.password")}</dt>
          <dd>{account.password}</dd>
        </div>
      </dl>
    </div>
  );
}
