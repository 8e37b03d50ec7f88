/** @file Pictures that all differ, as files: scenes of the sample world with bytes of their own at the end. */

import { encodePng } from '../../src/data/sampleWorld/encodePng.js';
import { renderScene } from '../../src/data/sampleWorld/renderScene.js';
import { SceneSource } from '../../src/data/sampleWorld/sceneSource.js';

const NUM_SCENES = 16;

/** A maker of PNG files, no two of which have the same bytes. */
export async function pictureMaker(): Promise<(index: number) => Buffer> {
  const source = new SceneSource({ numImages: 100, seed: 3 });
  const files = await Promise.all(
    Array.from({ length: NUM_SCENES }, (_, i) => encodePng(renderScene(source.scene('train', i)))),
  );
  return (index) => {
    const own = Buffer.alloc(8);
    own.writeDoubleLE(index);
    // Behind the end of the picture, where decoders do not look.
    return Buffer.concat([files[Math.abs(Math.floor(index)) % NUM_SCENES] as Buffer, own]);
  };
}
