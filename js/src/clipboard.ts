/** Copies text and pictures. Pages that are not served securely have only the old way. */

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    return copySelected(field, () => field.select());
  }
}

/** Copies a PNG file, or, the old way, an image with that URL. */
export async function copyPicture(
  png: () => Promise<Blob>,
  dataUrl: () => string,
): Promise<boolean> {
  try {
    // The promise itself: some browsers forget the click while one waits for it.
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png() })]);
    return true;
  } catch {
    const image = document.createElement("img");
    image.src = dataUrl();
    return copySelected(image, (holder) => getSelection()?.selectAllChildren(holder));
  }
}

function copySelected(
  target: HTMLElement,
  select: (holder: HTMLElement) => void,
): boolean {
  const holder = document.createElement("div");
  holder.style.position = "fixed";
  holder.style.opacity = "0";
  holder.append(target);
  const focused = document.activeElement;
  document.body.append(holder);
  select(holder);
  const isCopied = document.execCommand("copy");
  holder.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}
