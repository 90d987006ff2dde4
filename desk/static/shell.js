// What every page of the team does: local times, and the name a person is known by.

import { call, localTimes } from "/static/wire.js";

localTimes();

const who = document.querySelector("#who");
who?.addEventListener("submit", (event) => event.preventDefault());
who?.querySelector("input").addEventListener("change", async ({ target }) => {
  try {
    await call("/desk/agent", { name: target.value });
    location.reload();
  } catch (error) {
    target.setCustomValidity(error.message);
    target.reportValidity();
    target.setCustomValidity("");
  }
});
