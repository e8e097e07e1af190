// Package notify renders messages and hands them to a mail server. It is the one package
// that knows jordan-wright/email, which composes the MIME text; the dialogue with the
// server is our own over net/smtp, because the library's sending has no deadline and
// falls back to plain text when a server does not offer STARTTLS.
package notify
