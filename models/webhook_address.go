package models

import (
	"net/netip"
	"net/url"
	"strings"
)

const longestWebhookURL = 2000

// notPublic are the blocks that netip has no question for, from IANA's registries of special
// purpose addresses. Whoever names an endpoint must not reach through us what is not the open
// internet: not our own hosts, nor what carries a second address inside.
var notPublic = parsePrefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
)

func parsePrefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		all[i] = netip.MustParsePrefix(t)
	}
	return all
}

// PublicAddress reports whether an address is one of the open internet.
func PublicAddress(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// WebhookAddress reports whether events may be posted to an address. private: those of this
// machine and its network too, which is for trying things out; plain http goes to this machine
// only.
func WebhookAddress(a netip.Addr, private, plain bool) bool {
	a = a.Unmap()
	local := a.IsLoopback() && private
	if plain {
		return local
	}
	return local || PublicAddress(a) || private && a.IsPrivate()
}

// CheckWebhookURL tells what is wrong with an endpoint's URL, or nothing. Names are resolved and
// checked at each attempt; this refuses what can never be right.
func CheckWebhookURL(text string, private bool) (problem string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return "is not an absolute URL"
	case len(text) > longestWebhookURL:
		return "is too long"
	case u.User != nil:
		return "must not hold a user or password"
	case u.Fragment != "":
		return "must not have a fragment"
	case u.Scheme != "https" && (u.Scheme != "http" || !private):
		return "must begin with https://"
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	address, err := netip.ParseAddr(host)
	named := err != nil
	switch {
	case named && strings.EqualFold(host, "localhost"):
		address = netip.IPv6Loopback()
	case named && u.Scheme == "http":
		return "must begin with https://, unless it is on this machine"
	case named:
		return ""
	}
	if !WebhookAddress(address, private, u.Scheme == "http") {
		return "is at an address that is not public"
	}
	return ""
}
