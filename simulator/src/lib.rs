//! A HubSpot simulator.
