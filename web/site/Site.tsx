/** @file The page without a server: a picture, a question, the answer and what counted for it, all computed here. */

import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import type { SiteDescription, SitePicture, StoredRegions } from '../../src/export/site/description.js';
import { PictureChooser } from '../app/PictureChooser.js';
import { TaskState } from '../app/TaskState.js';
import { useTask } from '../app/useTask.js';
import { Ask } from './Ask.js';
import { Engine } from './Engine.js';
import { ModelClient } from './modelClient.js';
import type { SeenPicture } from './seenPicture.js';
import { BASE, fetchJson, fetchSite, keepForLater, sentenceOf } from './siteFiles.js';
import { LoadingState, useModel } from './useModel.js';

export function Site() {
  const client = useMemo(() => new ModelClient(), []);
  const [site, setSite] = useState<SiteDescription | undefined>();
  const [problem, setProblem] = useState<string | undefined>();
  useEffect(() => {
    fetchSite().then(setSite, (error: unknown) => setProblem(sentenceOf(error)));
  }, []);
  return (
    <main class="wide">
      <header class="masthead">
        <h1 dir="auto">{site?.title ?? document.title}</h1>
        <p>Everything is computed in this browser: no picture and no question leaves it.</p>
      </header>
      {site?.about != null && (
        <p class="subtitle" dir="auto">
          {site.about}
        </p>
      )}
      {problem !== undefined && (
        <p class="failure" role="alert">
          {problem}
        </p>
      )}
      {site !== undefined && <Asking client={client} site={site} />}
    </main>
  );
}

function Asking({ client, site }: { readonly client: ModelClient; readonly site: SiteDescription }) {
  const model = useModel(client, site);
  const task = useTask<SeenPicture>(sentenceOf);
  const [chosen, setChosen] = useState<string | undefined>();
  const { whenLoaded } = model;

  const choose = useCallback(
    (name: string, read: () => Promise<Blob>, sample?: SitePicture): void => {
      setChosen(name);
      task.run(async () => {
        const picture = await read();
        const stored = sample?.regions == null ? undefined : await fetchJson<StoredRegions>(sample.regions);
        await whenLoaded();
        const seen = await client.send({ kind: 'see', picture, name, stored });
        return { name, url: URL.createObjectURL(picture), seen, sample };
      });
    },
    [client, whenLoaded],
  );
  const onSample = useCallback(
    (sample: SitePicture): void => choose(sample.name, () => fetchPicture(sample), sample),
    [choose],
  );
  const onFile = useCallback((file: File): void => choose(file.name, async () => file), [choose]);
  useEffect(() => {
    // So that something is to be seen at once.
    const [first] = site.pictures;
    if (first !== undefined) onSample(first);
  }, []);
  const picture = task.result;
  useEffect(() => (picture === undefined ? undefined : () => URL.revokeObjectURL(picture.url)), [picture]);
  useEffect(() => {
    if (model.engine !== undefined) keepForLater();
  }, [model.engine]);
  const urls = useMemo(
    () => new Map(site.pictures.map(({ name, file }) => [name, new URL(file, BASE).href])),
    [site],
  );
  return (
    <>
      <div class="pane">
        <PictureChooser
          samples={site.pictures}
          sampleUrls={urls}
          chosen={picture?.name ?? chosen}
          onFile={site.takesPictures ? onFile : undefined}
          onSample={onSample}
        />
        <LoadingState loading={model.loading} />
        {model.problem !== undefined && (
          <p class="failure" role="alert">
            {model.problem}
          </p>
        )}
        {model.problem === undefined && (
          <TaskState
            task={task}
            doing={model.engine === undefined ? 'Waiting for the model' : 'Looking at the picture'}
            done={({ name, seen }) => `${seen.regions.length} regions were found in ${name}`}
          />
        )}
      </div>
      {picture !== undefined && <Ask client={client} picture={picture} modelKey={model.key} />}
      <Engine site={site} model={model} />
    </>
  );
}

async function fetchPicture({ file }: SitePicture): Promise<Blob> {
  const response = await fetch(new URL(file, BASE));
  if (!response.ok) throw new Error(`The picture ${file} of this site is not there.`);
  return await response.blob();
}
