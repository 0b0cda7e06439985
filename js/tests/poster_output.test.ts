import { afterEach, describe, expect, it, vi } from "vitest";
import { pngText } from "../src/png_text.js";
import { hidePoster, POSTER_KEYWORD } from "../src/poster_output.js";

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

const latin1 = (text: string) => [...text].map((character) => character.charCodeAt(0));

function chunk(type: string, content: readonly number[]): number[] {
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, content.length);
  const lengthBytes = [...new Uint8Array(length.buffer)];
  return [...lengthBytes, ...latin1(type), ...content, 0, 0, 0, 0];
}

const HEADER = chunk("IHDR", Array(13).fill(0));
const PIXELS = chunk("IDAT", [1, 2, 3]);
const poster = (id: string) => [
  ...SIGNATURE,
  ...HEADER,
  ...chunk("tEXt", latin1("Software\0some program")),
  ...chunk("tEXt", latin1(`${POSTER_KEYWORD}\0${id}`)),
  ...PIXELS,
];

describe("pngText", () => {
  const bytes = Uint8Array.from(poster("id-1"));

  it("finds the text of a keyword among others", () => {
    expect(pngText(bytes, POSTER_KEYWORD)).toBe("id-1");
    expect(pngText(bytes, "Software")).toBe("some program");
    expect(pngText(bytes, "Soft")).toBeNull();
  });

  it("does not look behind the pixels", () => {
    const late = [...SIGNATURE, ...PIXELS, ...chunk("tEXt", latin1("k\0v"))];
    expect(pngText(Uint8Array.from(late), "k")).toBeNull();
  });

  it("reads a view that starts inside its buffer", () => {
    const padded = Uint8Array.from([0, 0, 0, ...poster("id-1")]);
    expect(pngText(padded.subarray(3), POSTER_KEYWORD)).toBe("id-1");
  });

  it("survives being cut short anywhere, and bytes that are no PNG", () => {
    const place = bytes.length - PIXELS.length;
    for (let length = 0; length < bytes.length; length += 1) {
      const found = pngText(bytes.subarray(0, length), POSTER_KEYWORD);
      expect(found).toBe(length < place - 4 ? null : "id-1");
    }
    expect(pngText(Uint8Array.of(0xff, 0xd8, 0xff), POSTER_KEYWORD)).toBeNull();
  });

  it("survives a chunk that claims to be longer than the file", () => {
    const lying = Uint8Array.from([
      ...SIGNATURE,
      255,
      255,
      255,
      255,
      ...latin1("tEXt"),
    ]);
    expect(pngText(lying, POSTER_KEYWORD)).toBeNull();
  });
});

describe("hidePoster", () => {
  afterEach(() => document.body.replaceChildren());

  const output = (content = "") => {
    const made = document.createElement("div");
    made.className = "jp-OutputArea-child";
    made.innerHTML = content;
    return made;
  };
  const image = (id: string) => {
    const data = btoa(String.fromCharCode(...poster(id)));
    return `<img alt="" src="data:image/png;base64,${data}">`;
  };
  const isHidden = (made: HTMLElement) =>
    made.classList.contains("lucid-poster-hidden");

  function area(...outputs: HTMLElement[]) {
    const el = document.createElement("div");
    const own = output();
    own.append(el);
    const made = document.createElement("div");
    made.className = "jp-OutputArea";
    made.append(own, ...outputs);
    document.body.append(made);
    return { el, own, made };
  }

  it("hides the poster of this widget only, and shows it again", () => {
    const mine = output(image("mine"));
    const other = output(image("other"));
    const { el, own } = area(mine, other, output("<img alt='' src='x.svg'>"));
    const show = hidePoster(el, "mine");
    expect([own, mine, other].map(isHidden)).toEqual([false, true, false]);
    show();
    expect(isHidden(mine)).toBe(false);
  });

  it("hides a poster that arrives later, or whose picture is replaced", async () => {
    const late = output();
    const { el, made } = area(late);
    const show = hidePoster(el, "mine");
    late.innerHTML = image("mine");
    const later = output(image("mine"));
    made.append(later);
    await Promise.resolve();
    expect([late, later].map(isHidden)).toEqual([true, true]);
    show();
    expect([late, later].map(isHidden)).toEqual([false, false]);
  });

  it("does not look at posters again for what happens inside widgets", async () => {
    const neighbour = output("<div></div>");
    const { el } = area(output(image("mine")), neighbour);
    const look = vi.spyOn(window, "atob");
    const show = hidePoster(el, "mine");
    const looks = look.mock.calls.length;
    expect(looks).toBeGreaterThan(0);
    neighbour.append(document.createElement("canvas"));
    el.innerHTML = "<p>a view</p><img alt='' src='blob:icon'>";
    await Promise.resolve();
    expect(look).toHaveBeenCalledTimes(looks);
    show();
    look.mockRestore();
  });

  it("has nothing to do outside of an output area", () => {
    const el = document.createElement("div");
    document.body.append(el);
    expect(() => hidePoster(el, "mine")()).not.toThrow();
  });
});
