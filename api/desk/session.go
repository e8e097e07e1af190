package desk

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"

	"cubby/api/limit"
	"cubby/models"
)

// How many sign-ins may fail before the next has to wait: many people may share an address.
const (
	freeOfLogin   = 3
	freeOfAddress = 20
)

// visit is a request of a person who is signed in.
type visit struct {
	w     http.ResponseWriter
	r     *http.Request
	staff models.Staff
	token string
}

// page answers a visit; an error becomes a page that says what to do.
type page func(v visit) error

// request says who acts, for the ports.
func (v visit) request() models.Request { return request(v.w, v.staff) }

// actor is who asks.
func (v visit) actor() models.Actor { return v.staff.Actor() }

// live reports whether the page asks by itself, to be fresh: nobody need be there.
func live(r *http.Request) bool { return r.URL.Query().Get("live") == "1" }

// cookieName is that of the session. Browsers take one with __Host- only over https, and only
// from this very host.
func (d *desk) cookieName() string {
	if d.secure {
		return "__Host-cubby-desk"
	}
	return "cubby-desk"
}

func (d *desk) setCookie(w http.ResponseWriter, token string, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: d.cookieName(), Value: token, Path: "/", MaxAge: age, HttpOnly: true, Secure: d.secure, SameSite: http.SameSiteStrictMode,
	})
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// proof is what the forms of a session carry: who has it has seen one of its pages.
func proof(token string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("forms of the desk"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// signedIn lets in who has a session, and whose form is of it.
func (d *desk) signedIn(next page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie(d.cookieName())
		if err != nil || cookie.Value == "" || len(cookie.Value) > 100 {
			d.toSignIn(w, r)
			return
		}
		v := visit{w: w, r: r, token: cookie.Value}
		v.staff, err = d.Sessions.StaffSession(r.Context(), hashOf(v.token), !live(r))
		if models.ErrorCode(err) == models.CodeUnauthorized {
			d.toSignIn(w, r)
			return
		}
		if err == nil && r.Method != http.MethodGet && r.Method != http.MethodHead {
			if !hmac.Equal([]byte(r.PostFormValue("proof")), []byte(proof(v.token))) {
				err = models.Errorf(models.CodeForbidden, "The form is of another session.")
			}
		}
		if err == nil {
			err = next(v)
		}
		if err != nil {
			d.fail(v, err)
		}
	}
}

// toSignIn sends a browser to where people sign in, and then back.
func (d *desk) toSignIn(w http.ResponseWriter, r *http.Request) {
	to := "/desk/sign-in"
	if r.Method == http.MethodGet && !live(r) && r.URL.Path != "/desk" {
		to += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	if r.Header.Get("HX-Request") != "" {
		w.Header().Set("HX-Redirect", "/desk/sign-in")
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// inside is where to go after the sign-in: a page of the desk and nothing else.
func inside(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Path != "/desk" && !strings.HasPrefix(u.Path, "/desk/") ||
		strings.HasPrefix(u.Path, "/desk/sign-in") || path.Clean(u.Path) != u.Path {
		return "/desk"
	}
	return u.RequestURI()
}

// signInView is the page where people sign in.
type signInView struct {
	frame
	Login string
	Next  string
	Error string
}

func (d *desk) signInPage(w http.ResponseWriter, r *http.Request) {
	d.render(w, http.StatusOK, "sign-in.html", signInView{frame: d.stranger(r), Next: inside(r.URL.Query().Get("next"))})
}

func (d *desk) signIn(w http.ResponseWriter, r *http.Request) {
	view := signInView{frame: d.stranger(r), Login: strings.ToLower(strings.TrimSpace(r.PostFormValue("login"))), Next: inside(r.PostFormValue("next"))}
	person, token, err := d.check(w, r, view.Login, r.PostFormValue("password"))
	if err == nil {
		d.setCookie(w, token, int(models.SessionLife.Seconds()))
		http.Redirect(w, r, view.Next, http.StatusSeeOther)
		return
	}
	status := d.log(r, person.ID, err)
	view.Error = view.explain(err)
	if status == http.StatusUnauthorized {
		view.Error = view.T("desk.sign_in.wrong")
	}
	d.render(w, status, "sign-in.html", view)
}

// check signs a person in. A login that nobody has takes as long as a wrong password.
func (d *desk) check(w http.ResponseWriter, r *http.Request, login, password string) (models.Staff, string, error) {
	wrong := models.Errorf(models.CodeUnauthorized, "The login or the password is wrong.")
	if len(password) > longestPassword || len(login) > longestPassword {
		return models.Staff{}, "", wrong
	}
	ctx := r.Context()
	keys := []models.SignInKey{
		{Key: "login:" + hashOf(login), Free: freeOfLogin},
		{Key: "address:" + limit.Address(r), Free: freeOfAddress, Shared: true},
	}
	if err := d.Staff.TrySignIn(ctx, keys); err != nil {
		return models.Staff{}, "", err
	}
	person, err := d.Staff.StaffByLogin(ctx, login)
	hash := person.Password
	switch {
	case models.ErrorCode(err) == models.CodeNotFound || err == nil && person.DisabledAt != nil:
		hash = d.nobody
	case err != nil:
		return models.Staff{}, "", err
	}
	ok, err := d.matches(ctx, hash, password)
	if err != nil || !ok {
		if err == nil {
			err = wrong
		}
		return person, "", err
	}
	var raw [32]byte
	if _, err := io.ReadFull(d.Rand, raw[:]); err != nil {
		return person, "", err
	}
	token := base64.RawURLEncoding.EncodeToString(raw[:])
	return person, token, d.Sessions.SignIn(ctx, request(w, person), person, hashOf(token), keys)
}

// matches hashes a password when it is its turn.
func (d *desk) matches(ctx context.Context, hash, password string) (bool, error) {
	select {
	case d.hashing <- struct{}{}:
	case <-ctx.Done():
		return false, models.Wrap(models.CodeUnavailable, ctx.Err(), "Too many sign-ins at once.")
	}
	defer func() { <-d.hashing }()
	return matches(hash, password), nil
}

func (d *desk) signOut(v visit) error {
	if err := d.Sessions.SignOut(v.r.Context(), v.request(), hashOf(v.token)); err != nil {
		return err
	}
	d.setCookie(v.w, "", -1)
	http.Redirect(v.w, v.r, "/desk/sign-in", http.StatusSeeOther)
	return nil
}

// language changes what language a person reads.
func (d *desk) language(v visit) error {
	language := v.r.PostFormValue("language")
	if d.known(language) {
		if err := d.Staff.SetStaffLanguage(v.r.Context(), v.staff.ID, language); err != nil {
			return err
		}
	}
	http.Redirect(v.w, v.r, inside(v.r.PostFormValue("next")), http.StatusSeeOther)
	return nil
}
