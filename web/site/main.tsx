/** @file The page that needs no server. */

import 'virtual:house-style.css';
import '../style/explanation.css';
import '../style/app.css';
import '../style/site.css';
import { render } from 'preact';
import { Site } from './Site.js';

render(<Site />, document.getElementById('root') as HTMLElement);
