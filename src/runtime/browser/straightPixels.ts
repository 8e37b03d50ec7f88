/** @file Pixels of a decoded picture without the loss that a canvas causes where alpha is below 255. */

/// <reference lib="dom" />

/**
 * RGBA of a picture that was decoded with `premultiplyAlpha: 'none'`.
 *
 * A 2D canvas keeps color multiplied by alpha, and what is nearly transparent comes back rounded to nothing; a texture
 * of WebGL keeps it as it was. Without WebGL, or above the size of its textures, the canvas has to do.
 *
 * @returns (height, width, 4)
 */
export function straightPixels(bitmap: ImageBitmap): Uint8Array | Uint8ClampedArray {
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (canvas === null) throw new Error('This browser gives no 2D canvas to a worker or page.');
  canvas.drawImage(bitmap, 0, 0);
  const { data } = canvas.getImageData(0, 0, width, height);
  return isOpaque(data) ? data : (texturePixels(bitmap) ?? data);
}

function isOpaque(rgba: Uint8ClampedArray): boolean {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== 255) return false;
  return true;
}

/** Undefined where the browser offers no texture of this size. */
function texturePixels(bitmap: ImageBitmap): Uint8Array | undefined {
  const gl = new OffscreenCanvas(1, 1).getContext('webgl');
  if (gl === null) return undefined;
  try {
    const { width, height } = bitmap;
    if (Math.max(width, height) > (gl.getParameter(gl.MAX_TEXTURE_SIZE) as number)) return undefined;
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
    gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
    const texture = gl.getParameter(gl.TEXTURE_BINDING_2D) as WebGLTexture;
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    const pixels = new Uint8Array(4 * width * height);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    return gl.getError() === gl.NO_ERROR ? pixels : undefined;
  } finally {
    // Browsers keep few contexts, and take the oldest away when there are too many.
    gl.getExtension('WEBGL_lose_context')?.loseContext();
  }
}
