/// @file
/// All of the client.
#pragma once

#include "capstan/async.h"
#include "capstan/callbacks.h"
#include "capstan/client.h"
#include "capstan/events.h"
