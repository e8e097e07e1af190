package stage_test

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/browsertest"
	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/rigtest"
	"cubby/cmd/cubby-demo/stage"
)

// phone is the narrowest that pages are made for.
const phone = 360

// TestClientPage is what a client does with a phone, in both languages, against the whole product: look at the page,
// lengthen the time, say that something is wrong, look again while the engine is away, and collect by the QR on the screen.
func TestClientPage(t *testing.T) {
	t.Parallel()
	bin := rigtest.Programs(t)
	dir := t.TempDir()
	set, err := stage.Start(t.Context(), stage.Options{Dir: dir, Bin: bin})
	require.NoError(t, err)
	defer func() { require.NoError(t, set.Stop()) }()
	// The first call's context is the browser's life.
	ctx := browsertest.New(t, phone, 800)
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(phone, 800, chromedp.EmulateScale(2), chromedp.EmulateMobile)))
	ctx, cancel := context.WithTimeout(ctx, playLimit)
	defer cancel()

	s, client := lying(ctx, t, set)
	carrier, operator := people.Carrier{Service: set.REST(set.CarrierKey)}, people.Operator{Service: set.REST(set.OperatorKey)}
	code, err := people.Carrier(operator).PickupCode(ctx, s.ID)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(code.Page, set.APIURL+"/t/"), code.Page)
	before, err := carrier.Shipment(ctx, s.ID)
	require.NoError(t, err)

	// The page, in the language that is asked for, and then in the one that was asked for before.
	look(ctx, t, code.Page+"?lang=en", "Ready for you")
	require.Equal(t, code.Code[:4]+" "+code.Code[4:], read(ctx, t, "code"))
	require.Contains(t, read(ctx, t, "address"), "Long Street 7, Hamburg")
	require.Contains(t, read(ctx, t, "until"), "Please collect it by")
	shoot(ctx, t, "ready-en")
	require.Equal(t, code.QR, decode(ctx, t, ".qr", qrcode.NewQRCodeReader()))
	require.Equal(t, code.Code, decode(ctx, t, ".bars", oned.NewCode128Reader()))
	require.NoError(t, chromedp.Do(ctx, chromedp.Click(browsertest.TestID("language-ru")), chromedp.WaitVisible(browsertest.TestID("language-en"))))
	look(ctx, t, code.Page, "Готова к выдаче")
	require.Equal(t, code.QR, decode(ctx, t, ".qr", qrcode.NewQRCodeReader()))
	shoot(ctx, t, "ready-ru")
	media(ctx, t, "print")
	shoot(ctx, t, "print-ru")
	media(ctx, t, "")

	// Lengthen the time, once: the policy allows no more.
	require.NoError(t, chromedp.Do(ctx, chromedp.Click(browsertest.TestID("extend"))))
	notice(ctx, t, "Готово")
	after, err := carrier.Shipment(ctx, s.ID)
	require.NoError(t, err)
	longer := after.ExpiresAt.Sub(before.ExpiresAt)
	require.GreaterOrEqual(t, longer, 24*time.Hour)
	require.LessOrEqual(t, longer, 24*time.Hour+26*time.Hour, "by a day, and by what the place is closed of it")
	require.False(t, there(ctx, t, "extend"), "the policy allows no more")

	// Something is wrong.
	require.NoError(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS("summary"))))
	shoot(ctx, t, "wrong-ru")
	require.NoError(t, chromedp.Do(ctx,
		chromedp.Click(chromedp.CSS(`input[value="cell_empty"]`)),
		chromedp.SendKeys(chromedp.CSS("textarea"), "Внутри <b>пусто</b>"),
		chromedp.Click(browsertest.TestID("send")),
	))
	notice(ctx, t, "Спасибо")
	open, err := operator.Incidents(ctx)
	require.NoError(t, err)
	i := slices.IndexFunc(open, func(i people.Incident) bool { return i.Kind == "client_report" && i.Shipment == s.ID })
	require.GreaterOrEqual(t, i, 0, "%+v", open)
	require.NotContains(t, open[i].Evidence, "пусто")
	reports, err := operator.Reports(ctx, open[i].ID)
	require.NoError(t, err)
	require.Equal(t, []people.Report{{Shipment: s.ID, Problem: "cell_empty", Text: "Внутри <b>пусто</b>"}}, reports)

	// The engine is away: where and when are still there, and the code comes back.
	require.NoError(t, set.Part("temporal").Kill())
	look(ctx, t, code.Page+"?lang=en", "Ready for you")
	require.NoError(t, chromedp.Do(ctx, chromedp.WaitVisible(browsertest.TestID("away"))))
	require.Contains(t, read(ctx, t, "address"), "Long Street 7")
	require.False(t, there(ctx, t, "code"))
	shoot(ctx, t, "away-en")
	require.NoError(t, set.Part("temporal").Start(t.Context()))
	require.NoError(t, people.Await(ctx, "the code to come back", time.Second, func() (bool, string, error) {
		look(ctx, t, code.Page, "Ready for you")
		return there(ctx, t, "code"), "no code", nil
	}))

	// The cabinet takes what is on the screen, and then the page is over.
	shown := decode(ctx, t, ".qr", qrcode.NewQRCodeReader())
	require.NoError(t, client.PickupByQR(ctx, shown, s.Parcels[0].Barcode, s.Parcels[1].Barcode))
	_, err = carrier.AwaitState(ctx, s.ID, "picked_up")
	require.NoError(t, err)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(code.Page), chromedp.WaitVisible(browsertest.TestID("only"))))
	require.Contains(t, read(ctx, t, "only"), s.Number+" was collected")
	shoot(ctx, t, "collected-en")
	gone, err := http.Get(code.Page)
	require.NoError(t, err)
	require.NoError(t, gone.Body.Close())
	require.Equal(t, http.StatusGone, gone.StatusCode)
	notKept(t, dir, s.ID, code)
}

// lying is a shipment of two parcels that lies ready in a cabinet with opening hours; its client was told.
func lying(ctx context.Context, t *testing.T, set *stage.Stage) (people.Shipment, people.Client) {
	t.Helper()
	operator, carrier := people.Operator{Service: set.REST(set.OperatorKey)}, people.Carrier{Service: set.REST(set.CarrierKey)}
	location, err := operator.Location(ctx, 7)
	require.NoError(t, err)
	day := []map[string]string{{"from": "00:00", "to": "23:00"}}
	week := map[string]any{"monday": day, "tuesday": day, "wednesday": day, "thursday": day, "friday": day, "saturday": day, "sunday": []any{}}
	require.NoError(t, operator.Hours(ctx, location, map[string]any{"week": week}, nil))
	require.NoError(t, operator.Policy(ctx, "page", people.Policy{
		Storage: 72 * 3600, NeverDeposited: 3600, PartialEnough: 30, Extension: 24 * 3600, Extensions: 1, ReadyDelay: 1, Objection: 5, Reopen: 10, Proof: "closed",
	}))
	model, err := operator.Model(ctx, "Page", people.Row{Size: "M", Cells: 4})
	require.NoError(t, err)
	locker, err := operator.Locker(ctx, "P-007", location, model)
	require.NoError(t, err)
	at, err := set.Build(ctx, locker)
	require.NoError(t, err)
	require.NoError(t, at.AwaitReady(ctx))
	const to = "page@example.org"
	s, err := carrier.Announce(ctx, "page", people.Announcement{
		Number: "PAGE-1", Locker: locker, Policy: "page", Language: "en", Contact: people.Contact{Email: to},
		Parcels: []people.NewParcel{{Size: "M"}, {Size: "M"}},
	})
	require.NoError(t, err)
	require.NoError(t, people.Courier{Badge: set.Badge, PIN: set.PIN, At: at}.Deposit(ctx, s.Parcels[0].Barcode, s.Parcels[1].Barcode))
	client := people.Client{Mail: set.Mailbox(to), At: at}
	_, err = client.Code(ctx)
	require.NoError(t, err)
	return s, client
}

// look opens a page and checks its state, that it fits the screen, and that it has no script.
func look(ctx context.Context, t *testing.T, url, state string) {
	t.Helper()
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(url), chromedp.WaitVisible(browsertest.TestID("state"))))
	require.Equal(t, state, read(ctx, t, "state"))
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth`))
	require.NoError(t, err)
	require.LessOrEqual(t, wide, phone)
	scripts, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.scripts.length + performance.getEntriesByType("resource").length`))
	require.NoError(t, err)
	require.Zero(t, scripts, "it runs and loads nothing")
}

// notice waits until the page says what came of an act. While the browser goes from page to page there is none to ask.
func notice(ctx context.Context, t *testing.T, want string) {
	t.Helper()
	require.NoError(t, people.Await(ctx, "the page to say "+want, 100*time.Millisecond, func() (bool, string, error) {
		said, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector('`+string(browsertest.TestID("notice"))+`')?.textContent ?? ""`))
		return err == nil && strings.Contains(said, want), fmt.Sprint(said, err), nil
	}))
}

func read(ctx context.Context, t *testing.T, id string) string {
	t.Helper()
	text, err := chromedp.Run(ctx, chromedp.Text(browsertest.TestID(id)))
	require.NoError(t, err)
	return text
}

func there(ctx context.Context, t *testing.T, id string) bool {
	t.Helper()
	found, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.querySelector('`+string(browsertest.TestID(id))+`') !== null`))
	require.NoError(t, err)
	return found
}

// decode reads a barcode off the screen, as a scanner does.
func decode(ctx context.Context, t *testing.T, where string, reader gozxing.Reader) string {
	t.Helper()
	raw, err := chromedp.Run(ctx, chromedp.Screenshot(chromedp.CSS(where)))
	require.NoError(t, err)
	picture, err := png.Decode(bytes.NewReader(raw))
	require.NoError(t, err)
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	require.NoError(t, err)
	result, err := reader.Decode(bitmap, nil)
	require.NoError(t, err)
	return result.GetText()
}

func media(ctx context.Context, t *testing.T, kind string) {
	t.Helper()
	require.NoError(t, chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: kind})
		return err
	})))
}

// shoot keeps a picture of the page, where pictures are wanted.
func shoot(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	browsertest.Keep(t, ctx, "client-"+name, chromedp.FullScreenshot(100))
}

// notKept looks for what opens a door in all that the product has written: tables, histories and logs.
func notKept(t *testing.T, dir, shipment string, code people.PickupCode) {
	t.Helper()
	files, with := 0, 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "inbox" {
			return filepath.SkipDir // the client's mailbox, where the address belongs
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		if bytes.Contains(raw, []byte(shipment)) {
			with++
		}
		for _, secret := range []string{strings.TrimPrefix(code.QR, "CUBBY:"), code.Page[strings.LastIndex(code.Page, "/")+1:]} {
			require.NotContains(t, strings.ToLower(string(raw)), strings.ToLower(secret), path)
		}
		return nil
	}))
	require.GreaterOrEqual(t, with, 3, "of %d files: tables, histories and logs", files)
}
