// Short notices, some with something to do about them.

const place = document.querySelector("#toasts");

export function toast(text, { label, key, run, milliseconds = 5000 } = {}) {
  const box = document.createElement("div");
  box.className = "toast";
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  if (label) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `${label} (${key})`;
    button.dataset.key = key;
    button.addEventListener("click", () => {
      box.remove();
      run();
    });
    box.append(button);
  }
  place.append(box);
  setTimeout(() => box.remove(), milliseconds);
}
