// Package desk is the pages of the operator's staff: lockers and their cells, shipments and
// their story, incidents. Every page works without scripts and loads nothing from another host;
// htmx keeps parts of them fresh. Browser libraries come from npm by the Makefile and are embedded
// by the build.
package desk
