/** @file The picture while its regions are looked for. */

export function LookedAt({ url }: { readonly url: string }) {
  return (
    <div class="bench">
      <div class="looking">
        <div class="picture looked-at">
          <img src={url} alt="What is being looked at" />
        </div>
      </div>
    </div>
  );
}
