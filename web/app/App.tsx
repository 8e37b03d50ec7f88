/** @file The page: a picture, and two ways to ask about it. */

import { useState } from 'preact/hooks';
import { AskTab } from './AskTab.js';
import { CompareTab } from './CompareTab.js';
import { commandLine, curlCommand, javaScript } from './commands.js';
import { Earlier } from './Earlier.js';
import { Keep } from './Keep.js';
import { LookedAt } from './LookedAt.js';
import { PictureChooser } from './PictureChooser.js';
import { type Asked, BASE } from './server.js';
import { serverAnswering } from './serverAnswering.js';
import { Tabs } from './Tabs.js';
import { TaskState } from './TaskState.js';
import { TokenForm } from './TokenForm.js';
import { type Server, useServer } from './useServer.js';
import { useVisit } from './useVisit.js';

const TABS = ['Ask', 'Compare'] as const;

export function App() {
  const { server, problem, wantsToken, wasWrong, setToken } = useServer();
  if (wantsToken) {
    return (
      <Frame server={server}>
        <TokenForm wasWrong={wasWrong} onToken={setToken} />
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
      {server?.models[0]?.seesPictures === false && server.samples.length === 0 && (
        <p class="failure" role="alert">
          This server has no detector, so it cannot find regions in pictures: it answers about features that
          are sent to its API. Start it with --detector, or with --features and --images, to use this page.
        </p>
      )}
      {server?.models[0] !== undefined && (server.models[0].seesPictures || server.samples.length > 0) && (
        <Visit server={server} />
      )}
    </Frame>
  );
}

function Visit({ server }: { readonly server: Server }) {
  const { client, models, samples, thumbnails } = server;
  const visit = useVisit(serverAnswering(server));
  const [tab, setTab] = useState<(typeof TABS)[number]>('Ask');
  const { pictureTask, questionTask, preview } = visit;
  const picture = pictureTask.result;
  return (
    <>
      <PictureChooser
        samples={samples}
        sampleUrls={thumbnails}
        chosen={preview?.name ?? picture?.name}
        onFile={models[0]?.seesPictures ? visit.onFile : undefined}
        onSample={visit.onSample}
      />
      <TaskState
        task={pictureTask}
        doing="Looking at the picture"
        done={({ name, seen }) => `${seen.regions.length} regions were found in ${name}`}
      />
      {preview !== undefined && <LookedAt url={preview.url} />}
      {picture !== undefined && preview === undefined && (
        <Tabs<(typeof TABS)[number]>
          tabs={TABS}
          chosen={tab}
          onChoose={setTab}
          panels={{
            Ask: (
              <AskTab
                models={models}
                picture={picture}
                task={questionTask}
                question={visit.question}
                model={visit.model}
                away={visit.away}
                onAway={visit.onAway}
                onChange={visit.onChange}
                onAsk={visit.onAsk}
              >
                {questionTask.result?.picture === picture && (
                  <KeepAsked server={server} asked={questionTask.result} />
                )}
                <Earlier
                  earlier={visit.earlier}
                  shown={questionTask.result}
                  hasModels={models.length > 1}
                  onChoose={visit.onEarlier}
                />
              </AskTab>
            ),
            Compare: (
              <CompareTab client={client} models={models} picture={picture} isOpen={tab === 'Compare'} />
            ),
          }}
        />
      )}
    </>
  );
}

function KeepAsked({ server, asked }: { readonly server: Server; readonly asked: Asked }) {
  const command = (): string => commandLine(asked, server);
  return (
    <Keep
      key={`${asked.picture.url} ${asked.explanation.question}`}
      asked={asked}
      from={{ version: server.version, command: command() }}
      forms={{
        curl: () => curlCommand(asked, server),
        JavaScript: () => javaScript(asked, server),
        'command line': command,
      }}
    />
  );
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
    <main class="wide">
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
      <p class="intro">
        A model of vision and language answers a question about a picture from the regions that it sees there;
        what is lit is what its answer was found in. Take a word or a region away by a click, and see what it
        answers then.
      </p>
      {server?.models.map(
        ({ name, description }) =>
          description !== null && (
            <p key={name} class="intro about">
              {server.models.length > 1 && `${name}: `}
              {description}
            </p>
          ),
      )}
      {children}
    </main>
  );
}
