"""HTTP in: routes to commands and queries; no rule, no SQL."""

from simpul_activities.api import activities, attendance, bimteks, people, plans, registrations

ROUTERS = [activities.router, bimteks.router, registrations.router, attendance.router, plans.router, people.router]
