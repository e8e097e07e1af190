package inbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/inbox"
)

func page(t *testing.T, in *inbox.Inbox, target string, status int) *goquery.Document {
	t.Helper()
	w := call(t, in, http.MethodGet, target, "")
	require.Equal(t, status, w.Code)
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'self'")
	doc, err := goquery.NewDocumentFromReader(w.Body)
	require.NoError(t, err)
	doc.Find("[src],link[href]").Each(func(_ int, s *goquery.Selection) {
		address := s.AttrOr("src", s.AttrOr("href", ""))
		require.True(t, strings.HasPrefix(address, "/") || address == "data:,", "%s is from another host", address)
	})
	return doc
}

func TestEmptyPages(t *testing.T) {
	t.Parallel()
	in := started(t)
	require.Contains(t, page(t, in, "/inbox/", http.StatusOK).Find("[data-testid=empty]").Text(), "No messages yet")
	require.Contains(t, page(t, in, "/inbox/?q=code", http.StatusOK).Find("[data-testid=empty]").Text(), "No messages match")
	require.Contains(t, page(t, in, "/inbox/messages/7", http.StatusNotFound).Find("[data-testid=missing]").Text(), "no such message")
	require.Equal(t, http.StatusBadRequest, call(t, in, http.MethodGet, "/inbox/?before=x", "").Code)
	for _, file := range []string{"inbox.css", "inbox.js"} {
		require.Equal(t, http.StatusOK, call(t, in, http.MethodGet, "/inbox/"+file, "").Code)
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	in := started(t)
	for i := range 30 {
		require.NoError(t, send(in, "a@example.com", fmt.Sprintf("Subject: Letter %d\r\n\r\nHello\r\n", i+1)))
	}
	doc := page(t, in, "/inbox/?to=a@example.com", http.StatusOK)
	items := doc.Find("[data-testid=message]")
	require.Equal(t, 25, items.Length())
	require.Equal(t, "Letter 30", items.First().Find(".subject").Text(), "newest first")
	require.Zero(t, doc.Find("[data-testid=newest]").Length())
	require.Equal(t, "a@example.com", doc.Find("input[name=to]").AttrOr("value", ""))

	doc = page(t, in, doc.Find("[data-testid=older]").AttrOr("href", ""), http.StatusOK)
	require.Equal(t, 5, doc.Find("[data-testid=message]").Length())
	require.Equal(t, "Letter 1", doc.Find("[data-testid=message]").Last().Find(".subject").Text())
	require.Zero(t, doc.Find("[data-testid=older]").Length())
	require.Equal(t, "/inbox/?to=a%40example.com", doc.Find("[data-testid=newest]").AttrOr("href", ""))
}

func TestMessagePage(t *testing.T) {
	t.Parallel()
	in := started(t)
	misbehave(t, in, `{"mode":"drop_after_data","count":1}`)
	require.Error(t, send(in, "client@example.com", strings.Replace(letter, "Code: ", "<script>x</script> Code: ", 1)))
	doc := page(t, in, "/inbox/?q=locker", http.StatusOK)
	require.Equal(t, 1, doc.Find("[data-testid=unconfirmed]").Length())
	doc = page(t, in, doc.Find("[data-testid=message] a").AttrOr("href", ""), http.StatusOK)
	require.Equal(t, "Locker № 1", doc.Find("[data-testid=subject]").Text())
	require.Equal(t, "<script>x</script> Code: 1234 5678", doc.Find("[data-testid=text]").Text())
	require.Equal(t, 1, doc.Find("[data-testid=unconfirmed]").Length())
	require.Equal(t, "/inbox/?q=locker", doc.Find("[data-testid=back]").AttrOr("href", ""))
	frame := call(t, in, http.MethodGet, doc.Find("iframe").AttrOr("src", ""), "")
	require.Equal(t, "<p><b>Code</b></p>", frame.Body.String())
	require.Contains(t, frame.Header().Get("Content-Security-Policy"), "sandbox")
	require.Equal(t, http.StatusNotFound, call(t, in, http.MethodGet, "/inbox/messages/9/html", "").Code)
}
