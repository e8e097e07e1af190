package run_test

import (
	"context"
	"fmt"
	"time"

	"github.com/chromedp/chromedp"

	"cubby/cmd/cubby-demo/browsertest"
)

// settles asks a page until it answers yes, also while it gives way to the next.
func settles(what, question string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
		defer cancel()
		again := time.NewTicker(100 * time.Millisecond)
		defer again.Stop()
		for {
			if yes, err := chromedp.Evaluate[bool](question)(ctx, t); yes && err == nil {
				return nil
			}
			select {
			case <-again.C:
			case <-ctx.Done():
				seen, _ := chromedp.Evaluate[string](`document.body.innerText`)(context.WithoutCancel(ctx), t)
				return fmt.Errorf("%s: %w; the page says: %s", what, ctx.Err(), seen)
			}
		}
	})
}

// says waits until one of the things on the page, also of the next one, says what is wanted.
func says(id, want string) chromedp.Action[chromedp.Void] {
	return settles(id+" never says "+want, `[...document.querySelectorAll('`+string(browsertest.TestID(id))+`')].some((e) => e.textContent.includes('`+want+`'))`)
}

// gone waits until it is there and no longer says it.
func gone(id, unwanted string) chromedp.Action[chromedp.Void] {
	return settles(id+" goes on saying "+unwanted, `document.querySelector('`+string(browsertest.TestID(id))+`')?.textContent.includes('`+unwanted+`') === false`)
}

// click presses what is on the page once it is there.
func click(id string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(browsertest.TestID(id), chromedp.NodeVisible)
}
