/** @file The page without a server: a picture, a question, the answer and what counted for it, all computed here. */

import { useEffect, useLayoutEffect, useMemo, useState } from 'preact/hooks';
import type { SiteDescription } from '../../src/export/site/description.js';
import { AskTab } from '../app/AskTab.js';
import { Earlier } from '../app/Earlier.js';
import { Keep } from '../app/Keep.js';
import { LookedAt } from '../app/LookedAt.js';
import { PictureChooser } from '../app/PictureChooser.js';
import { isDrawn } from '../app/seen.js';
import { TaskState } from '../app/TaskState.js';
import { useVisit } from '../app/useVisit.js';
import { type SiteAnswered, siteCommandLine, siteJavaScript } from './commands.js';
import { Engine } from './Engine.js';
import { ModelClient } from './modelClient.js';
import { siteAnswering } from './siteAnswering.js';
import { BASE, fetchSite, keepForLater, sentenceOf } from './siteFiles.js';
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
  const answering = siteAnswering(client, site, model);
  const visit = useVisit(answering);
  const { pictureTask, questionTask, preview } = visit;
  const picture = pictureTask.result;
  const asked = questionTask.result;
  // Answers are those of the model that gave them.
  useLayoutEffect(() => questionTask.set(undefined), [model.choice]);
  useEffect(() => {
    if (model.engine !== undefined) keepForLater();
  }, [model.engine]);
  const urls = useMemo(
    () => new Map(site.pictures.map(({ name, file }) => [name, new URL(file, BASE).href])),
    [site],
  );
  const [name = ''] = answering.models;
  return (
    <>
      <div class="pane">
        <PictureChooser
          samples={site.pictures}
          sampleUrls={urls}
          chosen={preview?.name ?? picture?.name}
          onFile={site.takesPictures ? visit.onFile : undefined}
          onSample={visit.onSample}
        />
        <LoadingState loading={model.loading} />
        {model.problem !== undefined && (
          <p class="failure" role="alert">
            {model.problem}
          </p>
        )}
        {model.problem === undefined && (
          <TaskState
            task={pictureTask}
            doing={model.engine === undefined ? 'Waiting for the model' : 'Looking at the picture'}
            done={({ name: called, seen }) => `${seen.regions.length} regions were found in ${called}`}
          />
        )}
      </div>
      {preview !== undefined && <LookedAt url={preview.url} />}
      {picture !== undefined && preview === undefined && (
        <AskTab
          models={[{ name, isOfSampleWorld: site.pictures.some(isDrawn) }]}
          picture={picture}
          task={questionTask}
          question={visit.question}
          model={name}
          away={visit.away}
          onAway={visit.onAway}
          onChange={visit.onChange}
          onAsk={visit.onAsk}
        >
          {asked?.picture === picture && <KeepAnswer site={site} asked={asked} />}
          <Earlier
            earlier={visit.earlier}
            shown={asked}
            hasModels={site.weights.length > 1}
            onChoose={visit.onEarlier}
          />
        </AskTab>
      )}
      <Engine site={site} model={model} />
    </>
  );
}

function KeepAnswer({ site, asked }: { readonly site: SiteDescription; readonly asked: SiteAnswered }) {
  const command = (): string => siteCommandLine(asked, site);
  const script = siteJavaScript(asked, site);
  return (
    <Keep
      key={`${asked.picture.url} ${asked.explanation.question}`}
      asked={asked}
      from={{ version: site.createdBy.replace(/^lxmert /, ''), command: command() }}
      forms={{ ...(script === undefined ? {} : { JavaScript: () => script }), 'command line': command }}
    />
  );
}
