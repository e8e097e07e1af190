// Package browsertest gives tests a real browser without a window. No program links it.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// envPictures names a folder that tests leave pictures of pages in, to look at.
const envPictures = "CUBBY_TEST_PICTURES"

// program is the headless browser that "make deps" has installed.
func program(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium-headless-shell", "chromium"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	t.Fatal("no headless browser: make deps installs one")
	return ""
}

// Command is how somebody else starts the headless browser.
func Command(t testing.TB) []string {
	t.Helper()
	command := []string{program(t), "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"}
	if os.Geteuid() == 0 {
		command = append(command, "--no-sandbox") // the browser's sandbox refuses root
	}
	return command
}

// New gives the headless browser. The first call with the context starts it, and that call's context is its life; it
// ends with the test.
func New(t testing.TB, width, height int) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program(t)), chromedp.WindowSize(width, height))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // the browser's sandbox refuses root
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// TestID finds what a page marks for tests.
func TestID(id string) chromedp.CSS { return chromedp.CSS(`[data-testid="` + id + `"]`) }

// Keep keeps a picture of the page as name.png, where pictures are wanted.
func Keep(t testing.TB, page context.Context, name string, take chromedp.Action[[]byte]) {
	t.Helper()
	folder := os.Getenv(envPictures)
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(page, take)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600))
}
