/** @file The page: a picture, and two ways to ask about it. */

import { useCallback, useEffect, useState } from 'preact/hooks';
import type { SampleResponse } from '../../src/serve/api.js';
import { LxmertClientError } from '../../src/serve/client.js';
import { AskTab } from './AskTab.js';
import { CompareTab } from './CompareTab.js';
import { PictureChooser } from './PictureChooser.js';
import {
  BASE,
  type ChosenPicture,
  clientWith,
  type ModelFacts,
  type ShownPicture,
  sentenceOf,
  storedToken,
  storeToken,
} from './server.js';
import { Tabs } from './Tabs.js';
import { TaskState } from './TaskState.js';
import { TokenForm } from './TokenForm.js';
import { useTask } from './useTask.js';

const TABS = ['Ask', 'Compare'] as const;

interface Server {
  readonly version: string;
  readonly models: readonly ModelFacts[];
  readonly samples: readonly SampleResponse[];
  /** Addresses of the samples' pictures for this page. */
  readonly pictures: ReadonlyMap<string, Blob>;
}

export function App() {
  const [token, setToken] = useState(storedToken);
  const [client, setClient] = useState(() => clientWith(token));
  const [server, setServer] = useState<Server | undefined>();
  const [problem, setProblem] = useState<'token' | string | undefined>();
  const [tab, setTab] = useState<(typeof TABS)[number]>('Ask');
  const task = useTask<ChosenPicture>(sentenceOf);
  const { run } = task;

  useEffect(() => {
    const load = async (): Promise<Server> => {
      const [{ version, models }, { samples }] = await Promise.all([client.models(), client.samples()]);
      const pictures = await Promise.all(
        samples.map(async ({ name }): Promise<[string, Blob]> => [name, await client.samplePicture(name)]),
      );
      return { version, models, samples, pictures: new Map(pictures) };
    };
    load().then(
      (loaded) => {
        // The server knows it: for reloads of this tab.
        if (token !== undefined) storeToken(token);
        setServer(loaded);
        setProblem(undefined);
      },
      (error: unknown) => {
        const isToken = error instanceof LxmertClientError && error.status === 401;
        setProblem(isToken ? 'token' : sentenceOf(error));
      },
    );
  }, [client, token]);

  const choose = useCallback(
    (file: Blob, name: string, sample: SampleResponse | undefined): void =>
      run(async () => {
        const seen = await client.regions(file);
        return { file, name, sample, seen };
      }),
    [client],
  );
  const onFile = useCallback((file: File) => choose(file, file.name, undefined), [choose]);
  const picture = useShown(task.result);
  const sampleUrls = useSampleUrls(server?.pictures);
  if (problem === 'token') {
    return (
      <Frame server={server}>
        <TokenForm
          wasWrong={token !== undefined}
          onToken={(given) => {
            setToken(given);
            setClient(clientWith(given));
          }}
        />
      </Frame>
    );
  }
  return (
    <Frame server={server}>
      {problem !== undefined && (
        <p class="failure" role="alert">
          {problem}
        </p>
      )}
      {server?.models[0]?.seesPictures === false && (
        <p class="failure" role="alert">
          This server has no detector, so it cannot find regions in pictures: it answers about features that
          are sent to its API. Start it with --detector to use this page.
        </p>
      )}
      {server?.models[0]?.seesPictures && (
        <>
          <div class="pane">
            <PictureChooser
              samples={server.samples}
              sampleUrls={sampleUrls}
              chosen={picture?.name}
              onFile={onFile}
              onSample={(sample) => {
                const file = server.pictures.get(sample.name);
                if (file !== undefined) choose(file, sample.name, sample);
              }}
            />
            <TaskState
              task={task}
              doing="Looking at the picture"
              done={({ name, seen }) => `${seen.regions.length} regions were found in ${name}`}
            />
          </div>
          {picture !== undefined && (
            <Tabs<(typeof TABS)[number]>
              tabs={TABS}
              chosen={tab}
              onChoose={setTab}
              panels={{
                Ask: <AskTab client={client} models={server.models} picture={picture} />,
                Compare: <CompareTab client={client} models={server.models} picture={picture} />,
              }}
            />
          )}
        </>
      )}
    </Frame>
  );
}

/** The picture with an address that lives as long as it is shown. */
function useShown(picture: ChosenPicture | undefined): ShownPicture | undefined {
  const [shown, setShown] = useState<ShownPicture | undefined>();
  useEffect(() => {
    if (picture === undefined) return;
    const url = URL.createObjectURL(picture.file);
    setShown({ ...picture, url });
    return () => URL.revokeObjectURL(url);
  }, [picture]);
  return picture === undefined ? undefined : shown;
}

function Frame({
  server,
  children,
}: {
  readonly server: Server | undefined;
  readonly children: preact.ComponentChildren;
}) {
  const names = server?.models.map(({ name }) => name).join(', ');
  return (
    <main>
      <header class="masthead">
        <h1>Ask about a picture</h1>
        <p>
          {names !== undefined && (
            <span>
              LXMERT {server?.version}, model {names}.{' '}
            </span>
          )}
          <a href={`${BASE}docs/`}>The API</a>
        </p>
      </header>
      {children}
    </main>
  );
}

/** Pictures come with the token, which an <img> would not send. */
function useSampleUrls(pictures: ReadonlyMap<string, Blob> | undefined): ReadonlyMap<string, string> {
  const [urls, setUrls] = useState<ReadonlyMap<string, string>>(new Map());
  useEffect(() => {
    const made = new Map([...(pictures ?? [])].map(([name, blob]) => [name, URL.createObjectURL(blob)]));
    setUrls(made);
    return () => {
      for (const url of made.values()) URL.revokeObjectURL(url);
    };
  }, [pictures]);
  return urls;
}
