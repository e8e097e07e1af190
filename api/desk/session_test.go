package desk_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/api/desk"
	"cubby/models"
)

// everything lists an address of each page and act.
func (r *rig) everything() (pages, acts []string) {
	locker, shipment := "/desk/lockers/"+string(r.locker.ID), "/desk/shipments/"+string(r.shipment.Shipment.ID)
	return []string{"/desk", "/desk/lockers", locker, locker + "?cell=1", "/desk/shipments", shipment, "/desk/incidents", "/desk/remote", "/desk/badges", "/desk/remote/" + string(r.remote.ID), "/desk/nowhere"},
		[]string{"/desk/sign-out", "/desk/language", locker + "/pause", locker + "/cells/1/out-of-service", locker + "/open", "/desk/badges/cou_01hv0000000000000000000001/suspend", "/desk/remote/" + string(r.remote.ID) + "/approve", shipment + "/cancel",
			shipment + "/contact", "/desk/incidents/inc_01hv0000000000000000000001/resolve"}
}

// TestNobodyGetsInWithoutASession: whatever is asked for, and with whatever cookie.
func TestNobodyGetsInWithoutASession(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stranger, forger := r.browser(), r.browser()
	forger.cookie = &http.Cookie{Name: "cubby-desk", Value: strings.Repeat("A", 43)}
	pages, acts := r.everything()
	for _, b := range []*browser{stranger, forger} {
		for _, page := range pages {
			answer := b.get(page)
			require.Equal(t, http.StatusSeeOther, answer.Code, page)
			require.Contains(t, answer.Header().Get("Location"), "/desk/sign-in", page)
			require.NotContains(t, answer.Body.String(), "L-001")
		}
		for _, act := range acts {
			require.Equal(t, http.StatusSeeOther, b.post(act, "reason", "x").Code, act)
		}
	}
	stranger.header.Set("HX-Request", "true")
	answer := stranger.get("/desk/lockers?live=1")
	require.Equal(t, http.StatusUnauthorized, answer.Code)
	require.Equal(t, "/desk/sign-in", answer.Header().Get("HX-Redirect"))
}

// TestFormsOfOthersAreRefused: a form of another site, and one without the session's proof.
func TestFormsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, acts := r.everything()
	other := r.signedIn()
	proof, _ := other.page("/desk").Find(`input[name=proof]`).First().Attr("value")
	for _, act := range acts {
		b := r.signedIn()
		require.Equal(t, http.StatusForbidden, b.post(act, "reason", "x").Code, "no proof: %s", act)
		require.Equal(t, http.StatusForbidden, b.post(act, "reason", "x", "proof", proof).Code, "another session's: %s", act)
		for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			b.header = http.Header{name: {value}}
			if name == "Origin" {
				b.header["Sec-Fetch-Site"] = nil
			}
			mine, _ := b.page("/desk").Find(`input[name=proof]`).First().Attr("value")
			answer := b.post(act, "reason", "x", "proof", mine)
			require.Equal(t, http.StatusForbidden, answer.Code, "%s %s: %s", name, value, act)
		}
	}
	b := r.browser()
	b.header.Set("Sec-Fetch-Site", "cross-site")
	require.Equal(t, http.StatusForbidden, b.post("/desk/sign-in", "login", "vera", "password", password).Code)
	require.Empty(t, r.engine.asked)
	require.Empty(t, r.audited(string(r.shipment.Shipment.ID)))
}

// TestTheCookieAndTheHeaders are what keeps a session to this host and out of scripts.
func TestTheCookieAndTheHeaders(t *testing.T) {
	t.Parallel()
	plain := newRig(t)
	b := plain.signedIn()
	require.Equal(t, "cubby-desk", b.cookie.Name)
	require.True(t, b.cookie.HttpOnly)
	require.False(t, b.cookie.Secure)
	require.Equal(t, http.SameSiteStrictMode, b.cookie.SameSite)
	for _, target := range []string{"/desk", "/desk/lockers", "/desk/nowhere"} {
		h := b.get(target).Header()
		require.Equal(t, "no-store", h.Get("Cache-Control"), target)
		require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'")
		require.NotContains(t, h.Get("Content-Security-Policy"), "unsafe")
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
	}
	secure := newRig(t, func(c *desk.Config) { c.PublicURL = "https://desk.example" }).signedIn()
	require.Equal(t, "__Host-cubby-desk", secure.cookie.Name)
	require.True(t, secure.cookie.Secure)
	require.Equal(t, http.StatusOK, secure.get("/desk").Code)
}

// TestASessionEnds: by rest, by age, by the person, by a new password, by being disabled.
func TestASessionEnds(t *testing.T) {
	t.Parallel()
	open := func(b *browser) bool { return b.get("/desk").Code == http.StatusOK }
	t.Run("rest", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		b := r.signedIn()
		r.advance(models.SessionIdle - time.Second)
		require.True(t, open(b))
		r.advance(models.SessionIdle - time.Second)
		require.True(t, open(b), "a request puts it off")
		for range 4 {
			r.advance(10 * time.Minute)
			b.get("/desk?live=1")
		}
		require.False(t, open(b), "a page that asks by itself does not")
	})
	t.Run("age", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		b := r.signedIn()
		for range 35 {
			r.advance(20 * time.Minute)
			require.True(t, open(b))
		}
		r.advance(20 * time.Minute)
		require.False(t, open(b))
	})
	t.Run("sign-out", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		b, other := r.signedIn(), r.signedIn()
		answer := b.act("/desk/sign-out")
		require.Equal(t, http.StatusSeeOther, answer.Code)
		require.Negative(t, answer.Result().Cookies()[0].MaxAge)
		require.False(t, open(b))
		require.True(t, open(other), "another browser's goes on")
	})
	t.Run("password", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		b := r.signedIn()
		hash, err := desk.HashPassword(rand.Reader, "another password")
		require.NoError(t, err)
		require.NoError(t, r.SetStaffPassword(t.Context(), models.Request{ID: "req"}, "vera", hash))
		require.False(t, open(b))
		require.Equal(t, http.StatusUnauthorized, r.browser().post("/desk/sign-in", "login", "vera", "password", password).Code)
	})
	t.Run("disabled", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		b := r.signedIn()
		require.NoError(t, r.DisableStaff(t.Context(), models.Request{ID: "req"}, "vera"))
		require.False(t, open(b))
		require.Equal(t, http.StatusUnauthorized, r.browser().post("/desk/sign-in", "login", "vera", "password", password).Code)
	})
}

// TestSigningInIsSlowedDown: for a login wherever the tries come from, for an address whatever
// it tries; a login that nobody has looks like any other.
func TestSigningInIsSlowedDown(t *testing.T) {
	t.Parallel()
	try := func(b *browser, login, with string) int {
		return b.post("/desk/sign-in", "login", login, "password", with).Code
	}
	for _, login := range []string{"vera", "nobody"} {
		r := newRig(t)
		for i := range 3 {
			b := r.browser()
			b.address = "192.0.2." + string(rune('1'+i)) + ":1"
			require.Equal(t, http.StatusUnauthorized, try(b, login, "wrong password"))
		}
		b := r.browser()
		b.address = "192.0.2.9:1"
		answer := b.post("/desk/sign-in", "login", login, "password", password)
		require.Equal(t, http.StatusTooManyRequests, answer.Code, "also with the right one")
		require.Contains(t, said(parse(t, answer.Body), "problem"), "Wait 1 s")
		r.advance(time.Second)
		require.Equal(t, http.StatusUnauthorized, try(b, login, "wrong password"))
		r.advance(time.Second)
		require.Equal(t, http.StatusTooManyRequests, try(b, login, "wrong password"), "the wait grows")
		r.advance(time.Minute)
		if login == "vera" {
			require.Equal(t, http.StatusSeeOther, try(b, login, password))
			require.Equal(t, http.StatusUnauthorized, try(b, login, "wrong password"), "and a success ends it")
		}
	}
	r := newRig(t)
	b := r.browser()
	for i := range 20 {
		require.Equal(t, http.StatusUnauthorized, try(b, "login-"+string(rune('a'+i)), "wrong password"))
	}
	require.Equal(t, http.StatusTooManyRequests, try(b, "vera", password))
	b.address = "198.51.100.1:1"
	require.Equal(t, http.StatusSeeOther, try(b, "vera", password), "another address is free")
}

// TestAfterTheSignIn people are where they wanted to be, inside the desk only.
func TestAfterTheSignIn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for next, want := range map[string]string{
		"/desk/shipments?q=4711": "/desk/shipments?q=4711", "": "/desk", "https://evil.example/desk/": "/desk", "//evil.example/desk/": "/desk",
		`/\evil.example`: "/desk", "/desk/../t/x": "/desk", "/api/v1/keys": "/desk", "/desk/sign-in": "/desk", "javascript:alert(1)": "/desk",
	} {
		answer := r.browser().post("/desk/sign-in", "login", " Vera ", "password", password, "next", next)
		require.Equal(t, http.StatusSeeOther, answer.Code)
		require.Equal(t, want, answer.Header().Get("Location"), next)
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	_, err := desk.HashPassword(rand.Reader, "short")
	require.Equal(t, models.CodeInvalid, models.ErrorCode(err))
	_, err = desk.HashPassword(rand.Reader, strings.Repeat("x", 201))
	require.Equal(t, models.CodeInvalid, models.ErrorCode(err))
	one, err := desk.HashPassword(rand.Reader, password)
	require.NoError(t, err)
	two, err := desk.HashPassword(rand.Reader, password)
	require.NoError(t, err)
	require.NotEqual(t, one, two, "each has a salt of its own")
	require.True(t, strings.HasPrefix(one, "$argon2id$v=19$m=19456,t=2,p=1$"), one)
}
